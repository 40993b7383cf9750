"""Objects painted into a picture's own pixels, with their masks and joints: what ``minidet predict`` writes."""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, integer, number
from .boxes import overlay_boxes
from .image import above, as_picture, rows_of
from .joints import LIMBS, SIDES, limb_side, people_of, side_of
from .masks import mask_rows
from .page import colour

CLOUD = 0.45  # how strongly a mask covers the picture
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


def overlay_objects(image, target: dict, class_names=None, *, threshold: float = 0.0, alpha: float = 1.0,
                    min_side: int = 1) -> np.ndarray:  # fmt: skip
    """Paint boxes and names, and the masks and joints that ``target`` has, over an image.

    Parameters
    ----------
    image, class_names, threshold, alpha, min_side
        As for :func:`overlay_boxes`.
    target : dict
        As for :func:`overlay_boxes`; ``"masks"`` as for :func:`draw_masks`, each in a colour of its own, and
        ``"keypoints"`` as for :func:`overlay_joints`.

    Returns
    -------
    ndarray uint8 (H, W, 3)
        Larger than the image where it was enlarged.
    """
    op = "overlay_objects"
    alpha, picture = number(op, "alpha", alpha, 0, 1), as_picture(image, op)
    boxes = rows_of(op, target, "boxes", (4,))
    if "scores" in target:
        kept = np.array(sorted(above(op, target, len(boxes), threshold)), np.int64)
        boxes = boxes[kept]
        target = {name: as_array(op, f"target[{name!r}]", value)[kept] for name, value in target.items()
                  if name in ("labels", "scores", "masks", "keypoints")}  # fmt: skip
    if "masks" in target:
        masks = mask_rows(op, target) >= 0.5
        if len(masks) and masks.shape[1:] != picture.shape[:2]:
            why = "a mask has the size of its image"
            raise bad_argument(op, "target['masks']", f"has shape {masks.shape}", f"(N, {picture.shape[:2]})", why)
        picture = clouded(picture, masks, CLOUD * alpha)
    finer = max(1, round(integer(op, "min_side", min_side, 1, 2**14) / max(picture.shape[:2])))
    picture = picture.repeat(finer, 0).repeat(finer, 1)
    if "keypoints" in target:
        joints = as_array(op, "target['keypoints']", target["keypoints"])
        picture = overlay_joints(_channels(picture), {"keypoints": joints * [finer, finer, 1]}, alpha=alpha)
    return overlay_boxes(_channels(picture), {**target, "boxes": boxes * finer}, class_names, alpha=alpha)


def clouded(picture: np.ndarray, masks: np.ndarray, strength: float) -> np.ndarray:
    """Return a picture uint8 (H, W, 3) with masks bool (N, H, W) over it, the first on top, with dark seams."""
    mixed = picture.astype(np.float64)
    for i in range(len(masks) - 1, -1, -1):
        mask = masks[i]
        ink = np.array([int(colour(i)[at : at + 2], 16) for at in (1, 3, 5)])
        mixed[mask] += strength * (ink - mixed[mask])
        padded = np.pad(mask, 1)
        inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        seam = mask & ~inner
        mixed[seam] += 0.6 * (ink - mixed[seam]) * min(1, strength / CLOUD)
    return mixed.round().astype(np.uint8)


def _channels(picture: np.ndarray) -> np.ndarray:
    """Return a picture uint8 (H, W, 3) as (3, H, W) in [0, 1]."""
    return np.moveaxis(picture, 2, 0).astype(np.float32) / 255
