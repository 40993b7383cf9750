"""What is known about an image that a detector learns from: its objects, and what is to be ignored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

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
        (G,): which rows of the target the objects are.
    masks : ndarray bool, optional
        (G, H, W), in pixels of the image as it was given, see ``scale``.
    keypoints : ndarray, optional
        (G, J, 3): x, y, and v, 0 for a joint that is not labelled.
    scale : ndarray
        (4,): what pixels (x, y, x, y) of the image were multiplied by.
    """

    boxes: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    crowd: np.ndarray
    kept: np.ndarray
    masks: np.ndarray | None = None
    keypoints: np.ndarray | None = None
    scale: np.ndarray = field(default_factory=lambda: np.ones(4))

    def scaled(self, factors: np.ndarray) -> Truth:
        """Return the same for an image whose pixels (x, y, x, y) were multiplied by ``factors`` (4,)."""
        scale, factors = self.scale * factors, factors.astype(self.boxes.dtype)
        joints = self.keypoints
        if joints is not None:
            joints = joints * np.append(factors[:2], 1).astype(joints.dtype)
        return replace(self, boxes=self.boxes * factors, ignored=self.ignored * factors, keypoints=joints, scale=scale)

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


def read_targets(op: str, targets, sizes: list, num_classes: int, dtype=np.float32, joints: int | None = None,
                 masks: bool = False) -> list[Truth]:  # fmt: skip
    """Return what the targets of images of ``sizes`` (H, W) say, in pixels of the images as they were given, or raise.

    With ``masks``, and a number of ``joints``, every target needs them, too.
    """
    count = len(sizes)
    if not isinstance(targets, (list, tuple)) or len(targets) != count:
        was = f"has {len(targets)} entries" if isinstance(targets, (list, tuple)) else f"is a {type(targets).__name__}"
        why = "a detector learns from images and what is in them"
        raise bad_argument(op, "targets", was, f"a list of {count} dicts, one for each image", why, TypeError)
    return [
        read_target(op, target, num_classes, dtype, size if masks else None, joints)
        for target, size in zip(targets, sizes, strict=True)
    ]


def read_target(op: str, target, num_classes: int, dtype=np.float32, size=None, joints: int | None = None) -> Truth:
    """Return what one target says; objects without area are left out, or without a pixel where masks are asked for.

    ``size`` (H, W) asks for masks of this size, ``joints`` for so many joints.
    """
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
    masks = None if size is None else read_masks(op, target, (len(boxes), *size))
    keypoints = None if joints is None else read_keypoints(op, target, (len(boxes), joints, 3), dtype)
    if masks is not None:
        real &= masks.any((1, 2))
    kept = np.flatnonzero(real)
    masks, keypoints = (None if part is None else part[kept] for part in (masks, keypoints))
    return Truth(boxes[real], labels[real], boxes[solid & ignored], crowd[solid & ignored], kept, masks, keypoints)


def read_masks(op: str, target: dict, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the masks of a target, bool (N, H, W), or raise."""
    values = as_array(op, "masks", _asked(op, target, "masks", shape))
    if values.size == 0 and shape[0] == 0:
        return np.zeros(shape, bool)
    if values.shape != shape:
        raise bad_argument(
            op, "masks", f"has shape {values.shape}", f"{shape}", "one for each box, in the image's size"
        )
    if values.dtype.kind not in "bui" or values.max(initial=0) > 1 or values.min(initial=0) < 0:
        was = f"has dtype {values.dtype}" if values.dtype.kind not in "bui" else "has values beyond 0 and 1"
        raise bad_argument(op, "masks", was, "0 and 1, integers or bool", "a pixel belongs to the object or not")
    return values.astype(bool)


def read_keypoints(op: str, target: dict, shape: tuple[int, int, int], dtype) -> np.ndarray:
    """Return the joints of a target (N, J, 3), or raise; x and y of those that are not labelled are 0."""
    values = as_array(op, "keypoints", _asked(op, target, "keypoints", shape))
    if values.size == 0 and shape[0] == 0:
        return np.zeros(shape, dtype)
    if values.shape != shape:
        raise bad_argument(
            op, "keypoints", f"has shape {values.shape}", f"{shape}", "x, y, v of each joint of each box"
        )
    labelled = values[..., 2] > 0
    if not np.isfinite(values[labelled]).all() or np.isnan(values[..., 2]).any():
        raise bad_argument(op, "keypoints", "contain nan or infinity", "pixels")
    return np.where(labelled[..., None], values, 0).astype(dtype)


def _asked(op: str, target: dict, name: str, shape: tuple):
    """Return an entry of a target, or raise; a target without objects may lack it."""
    if name not in target and shape[0] == 0:
        return np.zeros(shape, np.int64)
    if name not in target:
        raise bad_argument(
            op, "a target", f"has {', '.join(map(str, target))}", f"{name} {shape}, too", error=TypeError
        )
    return target[name]


def per_box(op: str, name: str, values, count: int) -> np.ndarray:
    """Return integers (or booleans, as integers), one for each box, or raise."""
    values = as_array(op, name, values)
    if values.size == 0 or values.dtype == bool:
        values = values.astype(np.int64)
    check_integer(op, name, values)
    if values.shape != (count,):
        raise bad_argument(op, name, f"has shape {values.shape}", f"({count},), one for each box")
    return values.astype(np.int64)
