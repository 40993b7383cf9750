"""The outlines of the generated scenes: each a signed distance to its border.

A signed distance is negative inside, positive outside, 0 on the border. One array of distances gives both what an
object covers (distance below 0 at the pixel's centre) and how opaque its soft border is (see :func:`opacity`).

Here distances are measured in units of the object's radius, in coordinates that move and turn with the object::

    circle    |p| - a
    square    max(|u|, |v|) - a
    triangle  the three half-planes of its sides: the largest of their distances
    star      five points: turn and mirror p into one tenth of the star, where the border is one straight line
    cross     two bars: the smaller of their distances
    ring      how far |p| is from the ring's middle line

The sizes are chosen so that all six cover about the same area, 1.6 to 2.25 squared radii: how large an object is does
not tell what it is.

Inigo Quilez, 2D distance functions, https://iquilezles.org/articles/distfunctions2d.
"""

from __future__ import annotations

import numpy as np

#: The six outlines, in the order of their labels 1 to 6.
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
#: No outline reaches further from its centre, in radii, before it is stretched.
REACH = 1.25
#: How far an outline is stretched along one axis; the other shrinks by the same factor.
STRETCH = 1.15


def signed_distance(name: str, u: np.ndarray, v: np.ndarray, form: float) -> np.ndarray:
    """Return the distance of points to the border of an outline, negative inside.

    Parameters
    ----------
    name : str
        One of ``SHAPES``.
    u, v : ndarray
        The points, relative to the object's centre, in radii.
    form : float in [0, 1]
        How sharp the star, how broad the bars of the cross, how thick the ring. The others have only one form.

    Returns
    -------
    ndarray
        In radii. Exact on the border; further off it may be smaller than the true distance.
    """
    if name == "circle":
        return _length(u, v) - np.float32(0.79)
    if name == "square":
        return np.maximum(np.abs(u), np.abs(v)) - np.float32(0.70)
    if name == "triangle":
        slope = np.float32(np.sqrt(3) / 2)
        return np.maximum(np.abs(u) * slope - v * np.float32(0.5), v) - np.float32(0.61)
    if name == "star":
        return _star(u, v, 0.42 + 0.10 * form)
    if name == "cross":
        u, v, bar = np.abs(u), np.abs(v), np.float32(0.26 + 0.08 * form)
        return np.maximum(np.minimum(u, v) - bar, np.maximum(u, v) - np.float32(0.98))
    middle, half = 0.68 - 0.04 * form, 0.19 + 0.06 * form
    return np.abs(_length(u, v) - np.float32(middle)) - np.float32(half)


def _length(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.sqrt(u * u + v * v)  # ten times as fast as np.hypot, which also survives numbers near the largest float


def _star(u: np.ndarray, v: np.ndarray, inner: float) -> np.ndarray:
    """Return the distance to a star of five points, whose inner corners are at ``inner`` of its outer radius."""
    tenth = np.pi / 5
    angle = np.arctan2(u, v)
    angle -= np.float32(2 * tenth) * np.round(angle * np.float32(0.5 / tenth))  # in [-36, 36] degrees about a point
    outer = 1.16
    tip = np.array([0.0, outer])
    corner = inner * outer * np.array([np.sin(tenth), np.cos(tenth)])
    along = corner - tip
    normal = np.array([-along[1], along[0]]) / np.hypot(*along)  # points away from the centre
    radius = _length(u, v)
    across, upward = radius * np.abs(np.sin(angle)), radius * np.cos(angle)
    return across * np.float32(normal[0]) + upward * np.float32(normal[1]) - np.float32(normal @ tip)


def opacity(distance: np.ndarray) -> np.ndarray:
    """Return how much of each pixel is covered, in [0, 1]: exact for a straight border along rows or columns.

    Parameters
    ----------
    distance : ndarray
        Signed distance of the pixels' centres to the border, in pixels.
    """
    return np.clip(np.float32(0.5) - distance, 0, 1)
