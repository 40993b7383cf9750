"""Boxes and names, and skeletons, painted into a picture's own pixels: what ``minidet predict`` writes."""

from __future__ import annotations

import numpy as np

from ..errors import bad_argument, number
from .image import HALO, above, as_picture, captions, rows_of
from .joints import LIMBS, SIDES, limb_side, people_of, side_of
from .page import colour

LETTERS, LINE = 22, 130  # a letter's height and a line's width, as parts of the picture's shorter side
FINER = 4  # times a pixel, in which a skeleton is drawn: so its lines get soft borders
LARGEST_LETTER, SMALLEST_LETTER = 40, 9  # pixels


def overlay_boxes(image, target: dict, class_names=None, *, threshold: float = 0.0, alpha: float = 1.0) -> np.ndarray:
    """Paint boxes and their names over an image, one colour per class.

    Parameters
    ----------
    image : Tensor or ndarray (3, H, W)
        RGB, in [0, 1].
    target : dict
        As for :func:`draw_boxes`.
    class_names : sequence of str, optional
        Written at the boxes; without them, the labels are.
    threshold : float
        Boxes that score less are not painted.
    alpha : float
        How strongly they cover the image, 0 to 1.

    Returns
    -------
    ndarray uint8 (H, W, 3)
    """
    from PIL import Image, ImageDraw, ImageFont

    op = "overlay_boxes"
    picture, alpha = as_picture(image, op), number(op, "alpha", alpha, 0, 1)
    boxes = rows_of(op, target, "boxes", (4,)).astype(np.float64)
    if not np.isfinite(boxes).all():
        raise bad_argument(op, "target['boxes']", "contains NaN or infinity", "pixels")
    texts = captions(op, target, len(boxes), class_names)
    labels = rows_of(op, target, "labels", ()) if "labels" in target else np.ones(len(boxes), int)
    height, width = picture.shape[:2]
    side = min(height, width)
    font = ImageFont.load_default(float(np.clip(side / LETTERS, SMALLEST_LETTER, LARGEST_LETTER)))
    line = max(1, round(side / LINE))
    painted = Image.fromarray(picture)
    pen = ImageDraw.Draw(painted)
    for i in above(op, target, len(boxes), threshold):
        x1, y1, x2, y2 = np.clip(np.round(boxes[i]), 0, [width, height] * 2).astype(int).tolist()
        corners = [(min(x1, x2), min(y1, y2)), (max(x1, x2 - 1, 0), max(y1, y2 - 1, 0))]  # the last pixel is inside
        mark = colour(int(labels[i]))
        pen.rectangle(corners, outline=HALO, width=line + 2 * (side > 2 * LINE))
        pen.rectangle(corners, outline=mark, width=line)
        left, top, right, bottom = font.getbbox(texts[i])
        x, y = max(0, min(x1, width - right)), max(0, y1 - bottom)
        pen.rectangle([(x + left, y + top), (x + right, y + bottom)], fill=mark)
        pen.text((x, y), texts[i], fill="white", font=font)
    mixed = (1 - alpha) * picture + alpha * np.asarray(painted, np.float64)
    return mixed.round().astype(np.uint8)


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
