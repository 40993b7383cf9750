"""Cutting out one person."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument, number
from ..targets import check_fill, check_image, check_size, check_target
from .geometry import warp_affine


class PersonCrop:
    """Cut a square around the box of one object, and stretch it to a size: what a pose network sees of a person.

    Parameters
    ----------
    size : int
        Pixels of the result's sides.
    margin : float
        The square's side, as a multiple of the box's longer one.
    fill : float or C floats
        The colour beyond the image.
    """

    def __init__(self, size: int, margin: float = 1.3, fill=0.0):
        self.size = check_size("PersonCrop", size)
        self.margin = number("PersonCrop", "margin", margin, 0.1, 100.0)
        self.fill = check_fill("PersonCrop", fill).ravel().tolist()

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image = check_image("PersonCrop", image)
        target = check_target("PersonCrop", target, image.shape[1:])
        boxes = target.get("boxes", np.zeros((0, 4)))
        if len(boxes) != 1 or not np.isfinite(boxes).all() or not (boxes[:, 2:] > boxes[:, :2]).all():
            was = f"is {boxes.tolist()}" if len(boxes) == 1 else f"has {len(boxes)} rows"
            raise bad_argument("PersonCrop", "target['boxes']", was, "one box with an area", "it cuts out one object")
        x1, y1, x2, y2 = boxes[0].astype(np.float64)
        step = max(x2 - x1, y2 - y1) * self.margin / self.size[0]  # old pixels for each new one
        middle = np.array([x1 + x2, y1 + y2]) / 2 - step * np.array(self.size) / 2
        matrix = np.column_stack([np.eye(2) * step, middle])
        return warp_affine(image, target, matrix, self.size, self.fill)
