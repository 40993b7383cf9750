"""Turning, scaling, flipping and cropping with one interpolation."""

from __future__ import annotations

import math

import numpy as np

from ...errors import number
from ...random import generator
from ..targets import check_fill, check_ignore_index, check_image, check_interval, check_pairs, check_size
from .geometry import hflip, warp_affine
from .resize import log_uniform


class RandomAffineCrop:
    """Scale, turn, flip and crop at random, with one interpolation for all four.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the result.
    degrees : float
        Turn by an angle in [-degrees, degrees].
    scale : (float, float)
        Magnify by a factor between these, drawn so that halving is as likely as doubling.
    p : float
        Probability of a horizontal flip.
    keypoint_pairs : list of (int, int)
        Keypoints that change places in a flip.
    fill, ignore_index, min_visible
        As for :class:`RandomCrop`.

    Notes
    -----
    The crop lies inside the image along every axis along which the magnified image is large enough, before turning.
    """

    def __init__(
        self,
        size,
        degrees: float = 0.0,
        scale=(1.0, 1.0),
        p: float = 0.5,
        keypoint_pairs=(),
        fill=0.0,
        ignore_index: int = -100,
        min_visible: float = 0.1,
    ):
        """Check the options; scale, angle, flip and place are drawn anew at each call."""
        self.size = check_size("RandomAffineCrop", size)
        self.degrees = number("RandomAffineCrop", "degrees", degrees, 0.0, 180.0)
        self.scale = check_interval("RandomAffineCrop", "scale", scale)
        self.p = number("RandomAffineCrop", "p", p, 0.0, 1.0)
        self.keypoint_pairs = check_pairs("RandomAffineCrop", keypoint_pairs)
        self.fill = check_fill("RandomAffineCrop", fill).ravel().tolist()
        self.ignore_index = check_ignore_index("RandomAffineCrop", ignore_index)
        self.min_visible = number("RandomAffineCrop", "min_visible", min_visible, 0.0, 1.0)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image, rng = check_image("RandomAffineCrop", image), generator(rng, "RandomAffineCrop")
        factor = log_uniform(rng, self.scale)
        angle = math.radians(rng.uniform(-self.degrees, self.degrees))
        flipped = rng.random() < self.p
        centre = []
        for have, want, place in zip(image.shape[:0:-1], self.size[::-1], rng.random(2), strict=True):  # x, then y
            low, high = sorted((want / factor / 2, have - want / factor / 2))
            centre.append(low + (high - low) * place)
        matrix = _matrix(self.size, factor, angle, centre)
        image, target = warp_affine(image, target, matrix, self.size, self.fill, self.ignore_index, self.min_visible)
        return hflip(image, target, self.keypoint_pairs) if flipped else (image, target)


class RandomRotation:
    """Turn about the middle by an angle in [-degrees, degrees]; the size stays.

    Parameters
    ----------
    degrees : float
    fill, ignore_index, min_visible
        As for :class:`RandomCrop`.
    """

    def __init__(self, degrees: float, fill=0.0, ignore_index: int = -100, min_visible: float = 0.1):
        self.degrees = number("RandomRotation", "degrees", degrees, 0.0, 180.0)
        self.fill = check_fill("RandomRotation", fill).ravel().tolist()
        self.ignore_index = check_ignore_index("RandomRotation", ignore_index)
        self.min_visible = number("RandomRotation", "min_visible", min_visible, 0.0, 1.0)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image, rng = check_image("RandomRotation", image), generator(rng, "RandomRotation")
        angle = math.radians(rng.uniform(-self.degrees, self.degrees))
        size = image.shape[1:]
        matrix = _matrix(size, 1.0, angle, (size[1] / 2, size[0] / 2))
        return warp_affine(image, target, matrix, size, self.fill, self.ignore_index, self.min_visible)


def _matrix(size, factor: float, angle: float, centre) -> np.ndarray:
    """Map new coordinates to old ones: the middle shows ``centre``, magnified and turned by ``angle``."""
    c, s = math.cos(angle) / factor, math.sin(angle) / factor
    turn = np.array([[c, -s], [s, c]])  # y points down
    middle = np.array([size[1] / 2, size[0] / 2])
    return np.column_stack([turn, np.asarray(centre) - turn @ middle])
