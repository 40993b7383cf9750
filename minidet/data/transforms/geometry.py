"""Moving an image and everything that is known about it: flips, crops, resizing, affine maps.

An image is float32 (C, H, W) in [0, 1]. Its target is a dict, of which these entries move along, where present; all
other entries stay as they are:

==================  ===================  ==================================================================
``"boxes"``         float (N, 4)         ``(x1, y1, x2, y2)``
``"labels"``        int (N,)             and ``"iscrowd"``, ``"difficult"``, ``"occlusion"``: dropped together
                                         with their box
``"masks"``         bool, uint8 (N,H,W)  which pixels belong to the object
``"keypoints"``     float (N, K, 3)      ``(x, y, v)``; v = 0 is "not there", and then x = y = 0
``"semantic"``      int (H, W)           a class per pixel
``"proposals"``     float (P, 4)         boxes where something may be, whatever the objects are
==================  ===================  ==================================================================

Coordinates are continuous: pixel column j covers j <= x < j + 1, so that an image spans 0 <= x <= W, a box around all
of it is ``(0, 0, W, H)``, and a flip takes x to W - x. Functions return a new image and a new dict; what goes in is not
changed.

Where an image loses parts (:func:`crop`, :func:`warp_affine`), boxes are clipped to what is left, and an object is
dropped when its box is less than one pixel wide or high, when less than ``min_visible`` of its area is left, or when no
pixel of its mask is. A keypoint that is left outside becomes "not there". Proposals are clipped, too, and dropped where
less than one pixel is left: ``min_visible`` is about objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ...autograd.as_array import as_array
from ...errors import bad_argument, check_rank, integers, number
from ..targets import (
    INSTANCE_KEYS,
    check_fill,
    check_ignore_index,
    check_image,
    check_label_fits,
    check_pairs,
    check_place,
    check_size,
    check_target,
)

_FLIP, _RESIZE, _AFFINE = Image.Transpose.FLIP_LEFT_RIGHT, Image.Resampling, Image.Transform.AFFINE
_STEEPEST = 1e9  # entries of an affine map: Pillow counts pixels in 32 bits


def hflip(image: np.ndarray, target: dict, keypoint_pairs=()) -> tuple[np.ndarray, dict]:
    """Mirror left and right.

    Parameters
    ----------
    image : ndarray float32 (C, H, W)
    target : dict
    keypoint_pairs : list of (int, int)
        Keypoints that change places: a mirrored left hand is a right hand.
    """
    return _mirror("hflip", image, target, keypoint_pairs, 0)


def vflip(image: np.ndarray, target: dict, keypoint_pairs=()) -> tuple[np.ndarray, dict]:
    """Mirror top and bottom, with the parameters of :func:`hflip`: left hands become right ones in this mirror, too."""
    return _mirror("vflip", image, target, keypoint_pairs, 1)


def _mirror(op: str, image, target: dict, keypoint_pairs, axis: int) -> tuple[np.ndarray, dict]:
    """Mirror x (axis 0) or y (axis 1)."""
    image = check_image(op, image)
    side = image.shape[2 - axis]
    target = check_target(op, target, image.shape[1:])
    pairs = check_pairs(op, keypoint_pairs)
    for key in ("boxes", "proposals"):
        if key in target:
            low, high = target[key][:, axis], target[key][:, axis + 2]
            mirrored = target[key].copy()
            mirrored[:, axis], mirrored[:, axis + 2] = side - high, side - low
            target[key] = mirrored
    for key in ("masks", "semantic"):
        if key in target:
            target[key] = np.ascontiguousarray(np.flip(target[key], -1 - axis))
    if "keypoints" in target:
        target["keypoints"] = _mirror_keypoints(op, target["keypoints"], side, pairs, axis)
    return np.ascontiguousarray(np.flip(image, 2 - axis)), target


def _mirror_keypoints(op: str, keypoints: np.ndarray, side: int, pairs, axis: int) -> np.ndarray:
    order = np.arange(keypoints.shape[1])
    for left, right in pairs:
        if max(left, right) >= len(order):
            raise bad_argument(op, "keypoint_pairs", f"contains {(left, right)}", f"numbers in [0, {len(order)})",
                               error=IndexError)  # fmt: skip
        order[left], order[right] = right, left
    mirrored = keypoints[:, order].copy()
    mirrored[..., axis] = np.where(mirrored[..., 2] > 0, side - mirrored[..., axis], mirrored[..., axis])
    return mirrored


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
        The ``"semantic"`` label beyond the image. Labels have to be of a type that can hold it: ``uint8`` has no -100.
    min_visible : float
        The share of a box's area that must be left.
    """
    return _crop("crop", image, target, top, left, size, fill, ignore_index, min_visible)


def _crop(op: str, image, target, top, left, size, fill, ignore_index, min_visible) -> tuple[np.ndarray, dict]:
    image = check_image(op, image)
    top, left, size = check_place(op, "top", top), check_place(op, "left", left), check_size(op, size)
    offset = np.array([left, top])
    move = Move(op, lambda planes, value: _cut(planes, top, left, size, value), lambda points: points - offset, size,
                check_ignore_index(op, ignore_index), number(op, "min_visible", min_visible, 0.0, 1.0))  # fmt: skip
    moved = move.apply(check_target(op, target, image.shape[1:]))
    colour = check_fill(op, fill, len(image))
    return _cut(image, top, left, size, lambda dtype: colour), moved


def _cut(planes: np.ndarray, top: int, left: int, size, fill) -> np.ndarray:
    """Cut a rectangle out of planes (..., H, W); ``fill(dtype)`` is asked for a value where it reaches beyond them."""
    (h, w), (oh, ow) = planes.shape[-2:], size
    y1, y2 = max(top, 0), max(min(top + oh, h), 0)
    x1, x2 = max(left, 0), max(min(left + ow, w), 0)
    if (y2 - y1, x2 - x1) == (oh, ow):
        return planes[..., y1:y2, x1:x2].copy()
    out = np.empty((*planes.shape[:-2], oh, ow), planes.dtype)
    out[...] = fill(planes.dtype)
    if y1 < y2 and x1 < x2:
        out[..., y1 - top : y2 - top, x1 - left : x2 - left] = planes[..., y1:y2, x1:x2]
    return out


def pad(image, target, padding, fill=0.0, ignore_index: int = -100) -> tuple[np.ndarray, dict]:
    """Add ``padding`` = (left, top, right, bottom) pixels around the image; the rest as for :func:`crop`."""
    image = check_image("pad", image)
    left, top, right, bottom = integers("pad", "padding", padding, 4)
    size = check_size("pad", (image.shape[1] + top + bottom, image.shape[2] + left + right), "the padded image's size")
    return _crop("pad", image, target, -top, -left, size, fill, ignore_index, 0.0)


def resize(image: np.ndarray, target: dict, size: tuple[int, int]) -> tuple[np.ndarray, dict]:
    """Stretch to ``size`` (H, W): the image bilinearly (averaging where it shrinks), labels and masks by nearest."""
    image, size = check_image("resize", image), check_size("resize", size)
    (h, w), (oh, ow) = image.shape[1:], size
    ratio = np.array([ow / w, oh / h])
    target = check_target("resize", target, (h, w))
    index = _nearest((h, w), lambda plane: plane.resize((ow, oh), _RESIZE.NEAREST)) if _has_planes(target) else None
    out = np.stack([np.asarray(Image.fromarray(plane).resize((ow, oh), _RESIZE.BILINEAR)) for plane in image])
    move = Move("resize", lambda planes, value: _take(planes, index, value), lambda points: points * ratio, size)
    return out, move.apply(target, drop=False)


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
    op = "warp_affine"
    image, size = check_image(op, image), check_size(op, size)
    matrix = _checked_matrix(op, matrix)
    (oh, ow), coefficients = size, tuple(matrix.ravel())
    back = np.linalg.inv(matrix[:, :2])
    turned = np.abs(matrix[[0, 1], [1, 0]]).max() > 1e-9 * np.abs(matrix[:, :2]).max()
    colours = np.broadcast_to(check_fill(op, fill, len(image)).ravel(), len(image))
    target, index = check_target(op, target, image.shape[1:]), None
    if _has_planes(target):
        index = _nearest(image.shape[1:], lambda p: p.transform((ow, oh), _AFFINE, coefficients, fillcolor=-1))
    move = Move(op, lambda planes, value: _take(planes, index, value), lambda points: (points - matrix[:, 2]) @ back.T,
                size, check_ignore_index(op, ignore_index),
                number(op, "min_visible", min_visible, 0.0, 1.0))  # fmt: skip
    moved = move.apply(target, bool(turned))
    out = np.empty((len(image), oh, ow), np.float32)
    for channel, plane, colour in zip(out, image, colours, strict=True):
        warped = Image.fromarray(plane).transform((ow, oh), _AFFINE, coefficients, _RESIZE.BILINEAR, 1, float(colour))
        channel[...] = warped
    return out, moved


def _checked_matrix(op: str, matrix) -> np.ndarray:
    found = as_array(op, "matrix", matrix, "iuf").astype(np.float64)
    fits = found.shape == (2, 3) and bool((np.abs(found) < _STEEPEST).all())  # nan is not
    if not fits or abs(np.linalg.det(found[:, :2])) < 1e-12:
        raise bad_argument(op, "matrix", f"is {found.tolist()}", "an invertible affine map (2, 3)")
    return found


def _has_planes(target: dict) -> bool:
    return "masks" in target or "semantic" in target


def _nearest(size: tuple[int, int], change) -> np.ndarray:
    """Return which pixel of an image of ``size``, counted row by row, a change of Pillow images shows where: (OH, OW).

    It is -1 where the change shows what is beyond the image. So labels of every type move as they are.
    """
    return np.asarray(change(Image.fromarray(np.arange(size[0] * size[1], dtype=np.int32).reshape(size))))


def _take(planes: np.ndarray, index: np.ndarray, fill) -> np.ndarray:
    """Return planes (..., H, W) as :func:`_nearest` found them; ``fill(dtype)`` is asked for a value beyond them."""
    h, w = planes.shape[-2:]
    out = planes.reshape(*planes.shape[:-2], h * w)[..., index]
    beyond = index < 0
    if beyond.any():
        out[..., beyond] = fill(planes.dtype)
    return out


@dataclass(frozen=True)
class Move:
    """How a target moves: planes of pixels by ``planes(array, fill)``, coordinates by ``points(array (..., 2))``."""

    op: str
    planes: Callable
    points: Callable
    size: tuple[int, int]  # of the new image
    ignore_index: int = 0
    min_visible: float = 0.0

    def _label(self, dtype: np.dtype) -> int:
        check_label_fits(self.op, self.ignore_index, dtype)
        return self.ignore_index

    def _boxes(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the boxes (N, 4) around moved corners, and the same clipped to the new image."""
        corners = self.points(boxes.astype(np.float64)[:, [[0, 1], [2, 1], [2, 3], [0, 3]]])  # (N, 4, 2)
        moved = np.concatenate([corners.min(1), corners.max(1)], axis=1)
        return moved, np.clip(moved, 0, [self.size[1], self.size[0]] * 2)

    def apply(self, target: dict, turned: bool = False, drop: bool = True) -> dict:
        """Return what is left of a checked target, without the objects that are gone if ``drop``."""
        target, size, keep = dict(target), self.size, None
        if "semantic" in target:
            target["semantic"] = self.planes(target["semantic"], self._label)
        if "masks" in target:
            target["masks"] = self.planes(target["masks"], lambda dtype: 0)
            keep = target["masks"].any((1, 2))
        if "boxes" in target:
            boxes = target["boxes"]
            moved, clipped = self._boxes(boxes)
            if turned and keep is not None:
                clipped = np.where(keep[:, None], boxes_of_masks(target["masks"]), clipped)
            target["boxes"] = clipped.astype(boxes.dtype)
            sides, before = clipped[:, 2:] - clipped[:, :2], moved[:, 2:] - moved[:, :2]
            large = (sides >= 1).all(1)
            if not (turned and keep is not None):
                large &= sides.prod(1) >= self.min_visible * before.prod(1)
            keep = large if keep is None else keep & large
        if "proposals" in target:
            clipped = self._boxes(target["proposals"])[1]
            solid = (clipped[:, 2:] - clipped[:, :2] >= 1).all(1) if drop else slice(None)
            target["proposals"] = clipped[solid].astype(target["proposals"].dtype)
        if "keypoints" in target:
            target["keypoints"] = _move_keypoints(target["keypoints"], self.points, size)
        if drop and keep is not None and not keep.all():
            for key in INSTANCE_KEYS:
                if key in target:
                    target[key] = target[key][keep]
        return target


def _move_keypoints(keypoints: np.ndarray, points, size) -> np.ndarray:
    moved = keypoints.copy()
    moved[..., :2] = points(keypoints[..., :2].astype(np.float64))
    inside = ((moved[..., :2] >= 0) & (moved[..., :2] <= [size[1], size[0]])).all(-1) & (keypoints[..., 2] > 0)
    return np.where(inside[..., None], moved, 0).astype(keypoints.dtype)


def boxes_of_masks(masks: np.ndarray) -> np.ndarray:
    """Return the smallest boxes float32 (N, 4) around masks (N, H, W); zeros for an empty mask."""
    masks = as_array("boxes_of_masks", "masks", masks)
    check_rank("boxes_of_masks", "masks", masks, 3, letters="(N, H, W)")
    if 0 in masks.shape[1:]:
        raise bad_argument("boxes_of_masks", "masks", f"has shape {masks.shape}", "at least one pixel")
    masks = masks != 0
    columns, rows = masks.any(1), masks.any(2)  # (N, W), (N, H)
    width, height = columns.shape[1], rows.shape[1]
    sides = columns.argmax(1), rows.argmax(1), width - columns[:, ::-1].argmax(1), height - rows[:, ::-1].argmax(1)
    return np.where(columns.any(1, keepdims=True), np.stack(sides, 1), 0).astype(np.float32)
