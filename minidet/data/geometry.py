"""Moving an image and everything that is known about it: flips, crops, resizing, affine maps.

An image is float32 (C, H, W) in [0, 1]. Its target is a dict, of which these entries move along, where present; all
other entries stay as they are:

==================  ===================  ==================================================================
``"boxes"``         float (N, 4)         ``(x1, y1, x2, y2)``
``"labels"``        int (N,)             and ``"iscrowd"``, ``"difficult"``: dropped together with their box
``"masks"``         bool, uint8 (N,H,W)  which pixels belong to the object
``"keypoints"``     float (N, K, 3)      ``(x, y, v)``; v = 0 is "not there", and then x = y = 0
``"semantic"``      int (H, W)           a class per pixel
==================  ===================  ==================================================================

Coordinates are continuous: pixel column j covers j <= x < j + 1, so that an image spans 0 <= x <= W, a box around all
of it is ``(0, 0, W, H)``, and a flip takes x to W - x. Functions return a new image and a new dict; what goes in is not
changed.

Where an image loses parts (:func:`crop`, :func:`warp_affine`), boxes are clipped to what is left, and an object is
dropped when its box is less than one pixel wide or high, when less than ``min_visible`` of its area is left, or when no
pixel of its mask is. A keypoint that is left outside becomes "not there".
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..errors import bad_argument, check_rank

#: Entries with one row per object.
INSTANCE_KEYS = ("boxes", "labels", "masks", "keypoints", "iscrowd", "difficult")

_FLIP, _RESIZE, _AFFINE = Image.Transpose.FLIP_LEFT_RIGHT, Image.Resampling, Image.Transform.AFFINE


def check_image(op: str, image) -> np.ndarray:
    """Return the image as an array, or raise unless it is float32 (C, H, W)."""
    image = np.asarray(image)
    check_rank(op, "image", image, 3, letters="(C, H, W)")
    if image.dtype != np.float32:
        raise bad_argument(op, "image", f"has dtype {image.dtype}", "float32 in [0, 1]", error=TypeError)
    if 0 in image.shape:
        raise bad_argument(op, "image", f"has shape {image.shape}", "at least one pixel")
    return image


def hflip(image: np.ndarray, target: dict, keypoint_pairs=()) -> tuple[np.ndarray, dict]:
    """Mirror left and right.

    Parameters
    ----------
    image : ndarray float32 (C, H, W)
    target : dict
    keypoint_pairs : list of (int, int)
        Keypoints that change places: a mirrored left hand is a right hand.
    """
    image = check_image("hflip", image)
    width = image.shape[2]
    target = dict(target)
    if "boxes" in target:
        x1, y1, x2, y2 = np.asarray(target["boxes"]).reshape(-1, 4).T
        target["boxes"] = np.stack([width - x2, y1, width - x1, y2], axis=1)
    for key in ("masks", "semantic"):
        if key in target:
            target[key] = np.ascontiguousarray(np.asarray(target[key])[..., ::-1])
    if "keypoints" in target:
        target["keypoints"] = _hflip_keypoints(np.asarray(target["keypoints"]), width, keypoint_pairs)
    return np.ascontiguousarray(image[:, :, ::-1]), target


def _hflip_keypoints(keypoints: np.ndarray, width: int, pairs) -> np.ndarray:
    order = np.arange(keypoints.shape[1])
    for left, right in pairs:
        if not (0 <= left < len(order) and 0 <= right < len(order)):
            raise bad_argument("hflip", "keypoint_pairs", f"contains {(left, right)}", f"numbers in [0, {len(order)})",
                               error=IndexError)  # fmt: skip
        order[left], order[right] = right, left
    flipped = keypoints[:, order].copy()
    flipped[..., 0] = np.where(flipped[..., 2] > 0, width - flipped[..., 0], flipped[..., 0])
    return flipped


def crop(
    image: np.ndarray,
    target: dict,
    top: int,
    left: int,
    size: tuple[int, int],
    fill=0.0,
    ignore_index: int = -100,
    min_visible: float = 0.0,
) -> tuple[np.ndarray, dict]:
    """Cut out the rectangle of ``size`` (H, W) at ``(top, left)``; it may reach beyond the image.

    Parameters
    ----------
    image : ndarray float32 (C, H, W)
    target : dict
    top, left : int
        May be negative.
    size : (int, int)
        Height and width of the result.
    fill : float or C floats
        The colour beyond the image.
    ignore_index : int
        The ``"semantic"`` label beyond the image.
    min_visible : float
        The share of a box's area that must be left.
    """
    image = check_image("crop", image)
    offset = np.array([left, top])
    out = _cut(image, top, left, size, np.reshape(np.asarray(fill, image.dtype), (-1, 1, 1)))
    return out, _move(
        target,
        lambda planes, value: _cut(planes, top, left, size, value),
        lambda points: points - offset,
        size,
        ignore_index,
        min_visible,
    )


def _cut(planes: np.ndarray, top: int, left: int, size, fill) -> np.ndarray:
    (h, w), (oh, ow) = planes.shape[-2:], size
    y1, y2 = max(top, 0), max(min(top + oh, h), 0)
    x1, x2 = max(left, 0), max(min(left + ow, w), 0)
    if (y2 - y1, x2 - x1) == (oh, ow):
        return planes[..., y1:y2, x1:x2].copy()
    out = np.empty((*planes.shape[:-2], oh, ow), planes.dtype)
    out[...] = fill
    if y1 < y2 and x1 < x2:
        out[..., y1 - top : y2 - top, x1 - left : x2 - left] = planes[..., y1:y2, x1:x2]
    return out


def pad(image, target, padding, fill=0.0, ignore_index: int = -100) -> tuple[np.ndarray, dict]:
    """Add ``padding`` = (left, top, right, bottom) pixels around the image."""
    image = check_image("pad", image)
    left, top, right, bottom = padding
    size = (image.shape[1] + top + bottom, image.shape[2] + left + right)
    return crop(image, target, -top, -left, size, fill, ignore_index)


def resize(image: np.ndarray, target: dict, size: tuple[int, int]) -> tuple[np.ndarray, dict]:
    """Stretch to ``size`` (H, W): the image bilinearly (averaging where it shrinks), labels and masks by nearest."""
    image = check_image("resize", image)
    (h, w), (oh, ow) = image.shape[1:], size
    ratio = np.array([ow / w, oh / h])

    def planes(array, _):
        return _each_plane(array, size, lambda plane: plane.resize((ow, oh), _RESIZE.NEAREST))

    out = np.stack([np.asarray(Image.fromarray(plane).resize((ow, oh), _RESIZE.BILINEAR)) for plane in image])
    return out, _move(target, planes, lambda points: points * ratio, size, 0, 0.0, drop=False)


def warp_affine(
    image: np.ndarray,
    target: dict,
    matrix: np.ndarray,
    size: tuple[int, int],
    fill=0.0,
    ignore_index: int = -100,
    min_visible: float = 0.0,
) -> tuple[np.ndarray, dict]:
    """Fill a new image of ``size`` (H, W): its point p shows the old image's point ``matrix @ (px, py, 1)``.

    Any chain of scaling, turning, flipping and cropping is one such map, and costs one interpolation. The image is
    sampled bilinearly, labels and masks at the nearest pixel. A turned box becomes the box around its four turned
    corners, or around the turned mask if there is one.

    Parameters
    ----------
    image : ndarray float32 (C, H, W)
    target : dict
    matrix : ndarray (2, 3)
        From new coordinates to old ones.
    size, fill, ignore_index, min_visible
        As for :func:`crop`.
    """
    image = check_image("warp_affine", image)
    matrix = np.asarray(matrix, np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :2])) < 1e-12:
        raise bad_argument("warp_affine", "matrix", f"is {matrix.tolist()}", "an invertible affine map (2, 3)")
    (oh, ow), coefficients = size, tuple(matrix.ravel())
    back = np.linalg.inv(matrix[:, :2])
    colours = np.broadcast_to(np.asarray(fill, np.float64).ravel(), len(image))

    def planes(array, value):
        return _each_plane(array, size, lambda plane: plane.transform((ow, oh), _AFFINE, coefficients, fillcolor=value))

    out = np.empty((len(image), oh, ow), np.float32)
    for channel, plane, colour in zip(out, image, colours, strict=True):
        warped = Image.fromarray(plane).transform((ow, oh), _AFFINE, coefficients, _RESIZE.BILINEAR, 1, float(colour))
        channel[...] = warped
    turned = np.abs(matrix[[0, 1], [1, 0]]).max() > 1e-9 * np.abs(matrix[:, :2]).max()
    return out, _move(
        target, planes, lambda points: (points - matrix[:, 2]) @ back.T, size, ignore_index, min_visible, turned
    )


def _each_plane(array: np.ndarray, size, change) -> np.ndarray:
    """Apply a change of Pillow images to every (H, W) plane of integers or booleans."""
    flat = array.reshape(-1, *array.shape[-2:])
    small = flat.dtype == np.bool_ or flat.dtype == np.uint8
    out = np.empty((len(flat), *size), array.dtype)
    for target, plane in zip(out, flat, strict=True):
        target[...] = np.asarray(change(Image.fromarray(plane.astype(np.uint8 if small else np.int32))))
    return out.reshape(*array.shape[:-2], *size)


def _move(target, planes, points, size, ignore_index, min_visible, turned=False, drop=True) -> dict:
    """Move all entries of a target: pixels by ``planes(array, fill)``, coordinates by ``points(array (..., 2))``."""
    target = dict(target)
    keep = None
    if "semantic" in target:
        target["semantic"] = planes(np.asarray(target["semantic"]), ignore_index)
    if "masks" in target:
        target["masks"] = planes(np.asarray(target["masks"]), 0)
        keep = target["masks"].any((1, 2))
    if "boxes" in target:
        boxes = np.asarray(target["boxes"]).reshape(-1, 4)
        corners = points(boxes.astype(np.float64)[:, [[0, 1], [2, 1], [2, 3], [0, 3]]])  # (N, 4, 2)
        moved = np.concatenate([corners.min(1), corners.max(1)], axis=1)
        clipped = np.clip(moved, 0, [size[1], size[0]] * 2)
        if turned and keep is not None:
            clipped = np.where(keep[:, None], boxes_of_masks(target["masks"]), clipped)
        target["boxes"] = clipped.astype(boxes.dtype)
        sides, before = clipped[:, 2:] - clipped[:, :2], moved[:, 2:] - moved[:, :2]
        large = (sides >= 1).all(1)
        if not (turned and keep is not None):
            large &= sides.prod(1) >= min_visible * before.prod(1)
        keep = large if keep is None else keep & large
    if "keypoints" in target:
        target["keypoints"] = _move_keypoints(np.asarray(target["keypoints"]), points, size)
    if drop and keep is not None and not keep.all():
        for key in INSTANCE_KEYS:
            if key in target:
                target[key] = np.asarray(target[key])[keep]
    return target


def _move_keypoints(keypoints: np.ndarray, points, size) -> np.ndarray:
    moved = keypoints.copy()
    moved[..., :2] = points(keypoints[..., :2].astype(np.float64))
    inside = ((moved[..., :2] >= 0) & (moved[..., :2] <= [size[1], size[0]])).all(-1) & (keypoints[..., 2] > 0)
    return np.where(inside[..., None], moved, 0).astype(keypoints.dtype)


def boxes_of_masks(masks: np.ndarray) -> np.ndarray:
    """Return the smallest boxes float32 (N, 4) around masks (N, H, W); zeros for an empty mask."""
    masks = np.asarray(masks) != 0
    columns, rows = masks.any(1), masks.any(2)  # (N, W), (N, H)
    width, height = columns.shape[1], rows.shape[1]
    sides = columns.argmax(1), rows.argmax(1), width - columns[:, ::-1].argmax(1), height - rows[:, ::-1].argmax(1)
    return np.where(columns.any(1, keepdims=True), np.stack(sides, 1), 0).astype(np.float32)
