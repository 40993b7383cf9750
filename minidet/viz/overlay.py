"""Skeletons painted into a picture's own pixels: what ``minidet predict`` writes of people."""

from __future__ import annotations

import numpy as np

from ..errors import number
from .image import as_picture
from .joints import LIMBS, SIDES, limb_side, people_of, side_of

FINER = 4  # times a pixel, in which a skeleton is drawn: so its lines get soft borders


def overlay_joints(image, target: dict, *, alpha: float = 1.0) -> np.ndarray:
    """Paint the skeletons of people over an image (3, H, W), left blue, right red.

    Parameters
    ----------
    image : Tensor or ndarray (3, H, W)
        RGB, in [0, 1].
    target : dict
        As for :func:`draw_joints`; joints with v = 0 and their limbs are left out, all others look alike.
    alpha : float
        How strongly the lines cover the picture, from 0 to 1.

    Returns
    -------
    ndarray uint8 (H, W, 3)
    """
    from PIL import Image, ImageDraw

    op = "overlay_joints"
    alpha = number(op, "alpha", alpha, 0.0, 1.0)
    picture = as_picture(image, op)  # (H, W, 3)
    people = people_of(op, target)
    height, width = picture.shape[:2]
    layer = Image.new("RGBA", (width * FINER, height * FINER))
    pen, thick = ImageDraw.Draw(layer), FINER * max(1.5, min(height, width) / 80)
    for person in people:
        places = np.clip(person[:, :2] * FINER, -1e6, 1e6).tolist()
        seen = person[:, 2] > 0
        for a, b in LIMBS:
            if seen[a] and seen[b]:
                pen.line([*places[a], *places[b]], fill=SIDES[limb_side(a, b)], width=round(thick))
        for joint in np.flatnonzero(seen).tolist():
            (x, y), radius = places[joint], thick * 1.1
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=SIDES[side_of(joint)])
    layer = layer.resize((width, height), Image.Resampling.BOX)
    layer.putalpha(layer.getchannel("A").point(lambda value: value * alpha))
    return np.asarray(Image.alpha_composite(Image.fromarray(picture).convert("RGBA"), layer).convert("RGB"))
