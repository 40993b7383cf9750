"""What is known about an image that a detector learns from: its objects, and what is to be ignored."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...autograd.as_array import as_array
from ...errors import bad_argument, check_index_range, check_integer
from ...ops import box_iou
from ...ops.boxes import checked_boxes

#: The marks of what is ignored: crowds (COCO), objects that are hard to recognise (VOC).
IGNORED = ("iscrowd", "difficult")


@dataclass(frozen=True)
class Truth:
    """The objects of an image, in pixels of its batch.

    Attributes
    ----------
    boxes : ndarray
        (G, 4), of the dtype of the images, each with an area.
    labels : ndarray int64
        (G,), 1 .. K - 1.
    ignored : ndarray
        (I, 4): neither to be found nor background.
    crowd : ndarray bool
        (I,): which of them are groups of objects; then every part of it is ignored, too.
    kept : ndarray int64
        (G,): which rows of the target the objects are, for masks and keypoints.
    """

    boxes: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    crowd: np.ndarray
    kept: np.ndarray

    def scaled(self, factors: np.ndarray) -> Truth:
        """Return the same for an image whose pixels (x, y, x, y) were multiplied by ``factors`` (4,)."""
        factors = factors.astype(self.boxes.dtype)
        return replace(self, boxes=self.boxes * factors, ignored=self.ignored * factors)

    def is_ignored(self, boxes: np.ndarray, threshold: float) -> np.ndarray:
        """Tell of boxes (R, 4) which overlap something to be ignored by ``threshold`` or more: bool (R,).

        An object's overlap is its IoU. A crowd's is the share of the *box* that lies in it: one person in a group is a
        small part of the group, and no background.
        """
        if not len(self.ignored) or not len(boxes):
            return np.zeros(len(boxes), bool)
        overlap = box_iou(self.ignored, boxes).numpy()  # (I, R)
        overlap[self.crowd] = share_inside(self.ignored[self.crowd], boxes)
        return (overlap >= threshold).any(0)


def share_inside(regions: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return which share of each box lies in each region: (I, 4) and (R, 4) to (I, R); of a box without area, 0."""
    corner1 = np.maximum(regions[:, None, :2], boxes[None, :, :2])
    corner2 = np.minimum(regions[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(corner2 - corner1, 0, None).prod(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return np.divide(shared, area, out=np.zeros_like(shared), where=area > 0)


def read_targets(op: str, targets, count: int, num_classes: int, dtype=np.float32) -> list[Truth]:
    """Return what the targets of ``count`` images say, in pixels of the images as they were given, or raise."""
    if not isinstance(targets, (list, tuple)) or len(targets) != count:
        was = f"has {len(targets)} entries" if isinstance(targets, (list, tuple)) else f"is a {type(targets).__name__}"
        why = "a detector learns from images and what is in them"
        raise bad_argument(op, "targets", was, f"a list of {count} dicts, one for each image", why, TypeError)
    return [read_target(op, target, num_classes, dtype) for target in targets]


def read_target(op: str, target, num_classes: int, dtype=np.float32) -> Truth:
    """Return what one target says; objects without area are left out."""
    if not isinstance(target, dict) or not {"boxes", "labels"} <= target.keys():
        was = f"has {', '.join(map(str, target))}" if isinstance(target, dict) else f"is a {type(target).__name__}"
        raise bad_argument(op, "a target", was, "a dict with boxes and labels", error=TypeError)
    boxes = as_array(op, "boxes", target["boxes"])
    boxes = checked_boxes(op, "boxes", boxes.reshape(0, 4) if boxes.size == 0 else boxes).detach().numpy()
    boxes = boxes.astype(dtype)
    labels = per_box(op, "labels", target["labels"], len(boxes))
    marks = {name: per_box(op, name, target[name], len(boxes)) != 0 for name in IGNORED if name in target}
    crowd = marks.get("iscrowd", np.zeros(len(boxes), bool))
    ignored = crowd | marks.get("difficult", False)
    check_index_range(op, "labels", labels[~ignored], 1, num_classes, "0 is the background")
    solid = (boxes[:, 2:] > boxes[:, :2]).all(1)
    real = solid & ~ignored
    return Truth(boxes[real], labels[real], boxes[solid & ignored], crowd[solid & ignored], np.flatnonzero(real))


def per_box(op: str, name: str, values, count: int) -> np.ndarray:
    """Return integers (or booleans, as integers), one for each box, or raise."""
    values = as_array(op, name, values)
    if values.size == 0 or values.dtype == bool:
        values = values.astype(np.int64)
    check_integer(op, name, values)
    if values.shape != (count,):
        raise bad_argument(op, name, f"has shape {values.shape}", f"({count},), one for each box")
    return values.astype(np.int64)
