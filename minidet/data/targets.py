"""What an image and its target have to be, and the options that say how they move: the checks of this floor.

The table of a target's entries stands in :mod:`minidet.data.transforms.geometry`.
"""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array, shortened
from ..errors import bad_argument, check_rank, integer, integers, number

#: Entries with one number per object, and all that have one row per object.
ONE_EACH = ("labels", "iscrowd", "difficult", "occlusion")
INSTANCE_KEYS = ("boxes", "masks", "keypoints", *ONE_EACH)
MOST_PIXELS = 2**26  # of an image that is made here: RGB of so many takes 800 MB
LARGEST = 1e6  # of factors
FURTHEST = 2**31 - 1  # pixels, of a place outside of an image


def check_image(op: str, image) -> np.ndarray:
    """Return the image as an array, or raise unless it is float32 (C, H, W)."""
    image = as_array(op, "image", image)
    check_rank(op, "image", image, 3, letters="(C, H, W)")
    if image.dtype != np.float32:
        raise bad_argument(op, "image", f"has dtype {image.dtype}", "float32 in [0, 1]", error=TypeError)
    if 0 in image.shape:
        raise bad_argument(op, "image", f"has shape {image.shape}", "at least one pixel")
    return image


def check_target(op: str, target, size: tuple[int, int]) -> dict:
    """Return a new dict with arrays for what moves along with an image of ``size`` (H, W), or raise.

    Boxes, proposals and keypoints that are integers become float32: what is left of a pixel after stretching must not
    be cut off.
    """
    if not isinstance(target, dict):
        raise bad_argument(op, "target", f"is a {type(target).__name__}", "a dict", error=TypeError)
    target = dict(target)
    for key, kinds, shape in (("boxes", "iuf", "(N, 4)"), ("proposals", "iuf", "(P, 4)"),
                              ("keypoints", "iuf", "(N, K, 3)"),
                              ("masks", "biuf", f"(N, {size[0]}, {size[1]})"),
                              ("semantic", "biu", f"({size[0]}, {size[1]})")):  # fmt: skip
        if key not in target:
            continue
        four = key in ("boxes", "proposals")
        array = as_array(op, f"target[{key!r}]", [] if four and _is_empty(target[key]) else target[key], kinds)
        if four and array.size == 0:
            array = array.reshape(0, 4)
        fits = {
            "boxes": array.ndim == 2 and array.shape[1:] == (4,),
            "proposals": array.ndim == 2 and array.shape[1:] == (4,),
            "keypoints": array.ndim == 3 and array.shape[2:] == (3,),
            "masks": array.ndim == 3 and array.shape[1:] == size,
            "semantic": array.shape == size,
        }[key]
        if not fits:
            raise bad_argument(op, f"target[{key!r}]", f"has shape {array.shape}", shape)
        moves = key in ("boxes", "proposals", "keypoints") and array.dtype.kind != "f"
        target[key] = array.astype(np.float32) if moves else array
    _check_lengths(op, target)
    return target


def _is_empty(value) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 0


def _check_lengths(op: str, target: dict) -> None:
    """Raise unless all entries with a row per object have as many rows."""
    first = None
    for key in INSTANCE_KEYS:
        if key not in target:
            continue
        if key in ONE_EACH:
            target[key] = as_array(op, f"target[{key!r}]", target[key])
            check_rank(op, f"target[{key!r}]", target[key], 1, letters="(N,)")
        first = first or (key, len(target[key]))
        if len(target[key]) != first[1]:
            was, expected = f"has {len(target[key])} rows", f"{first[1]}, as target[{first[0]!r}] has"
            raise bad_argument(op, f"target[{key!r}]", was, expected, "there is one for each object")


def check_flag(op: str, argument: str, value) -> bool:
    """Return ``value`` as a bool, or raise unless it is one, or 0 or 1."""
    if not isinstance(value, (bool, np.bool_)) and (not isinstance(value, int) or value not in (0, 1)):
        raise bad_argument(op, argument, f"is a {type(value).__name__}", "True or False", error=TypeError)
    return bool(value)


def check_length(op: str, length) -> int:
    """Return the number of samples of a generated data set."""
    length = integer(op, "length", length, 1)
    if length > FURTHEST:
        raise bad_argument(op, "length", f"is {length}", f"an integer <= {FURTHEST}")
    return length


def check_size(op: str, size, argument: str = "size", low: int = 1) -> tuple[int, int]:
    """Return (H, W), or raise unless these are two integers >= ``low``, and an image of that size is no mistake."""
    size = integers(op, argument, size, 2, low)
    if size[0] * size[1] > MOST_PIXELS:
        raise bad_argument(op, argument, f"is {size}", f"at most {MOST_PIXELS} pixels")
    return size


def check_place(op: str, argument: str, value) -> int:
    """Return a row or column, which may be outside of the image, as an int."""
    value = integer(op, argument, value, -FURTHEST)
    if value > FURTHEST:
        raise bad_argument(op, argument, f"is {value}", f"an integer <= {FURTHEST}")
    return value


def check_fill(op: str, fill, channels: int | None = None) -> np.ndarray:
    """Return a colour float32 (1, 1, 1) or (C, 1, 1), or raise unless it is one finite number, or one per channel."""
    values = as_array(op, "fill", fill, "iuf")
    with np.errstate(over="ignore"):
        colour = values.astype(np.float32).reshape(-1, 1, 1)  # float32 ends at 3.4e38
    if values.ndim > 1 or not len(colour) or not np.isfinite(colour).all():
        raise bad_argument(op, "fill", f"is {shortened(fill)}", "a finite number, or one for each channel")
    if channels is not None and len(colour) not in (1, channels):
        why = f"the image has {channels} channels"
        raise bad_argument(op, "fill", f"is {shortened(fill)}", f"1 or {channels} numbers", why)
    return colour


def check_ignore_index(op: str, ignore_index) -> int:
    """Return the label of pixels beyond the image, or raise unless it is an integer that int64 can hold."""
    ignore_index = integer(op, "ignore_index", ignore_index, -(2**63))
    if ignore_index >= 2**63:
        raise bad_argument(op, "ignore_index", f"is {ignore_index}", "an integer that int64 can hold")
    return ignore_index


def check_label_fits(op: str, ignore_index: int, dtype: np.dtype) -> None:
    """Raise unless labels of ``dtype`` can be ``ignore_index``: it would wrap around, and become a class."""
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if not low <= ignore_index <= high:
        why = "pixels beyond the image are to be labelled with it; choose a label that fits, or make the labels int64"
        was = f"is {ignore_index}, and target['semantic'] has dtype {dtype}"
        raise bad_argument(op, "ignore_index", was, f"an integer in [{low}, {high}]", why)


def check_interval(op: str, argument: str, value) -> tuple[float, float]:
    """Return the ends of an interval of factors, or raise unless they are two numbers, 0 < low <= high."""
    ends = [number(op, argument, end, 0.0, LARGEST) for end in value] if isinstance(value, (tuple, list)) else []
    if len(ends) != 2 or not 0 < ends[0] <= ends[1]:
        raise bad_argument(op, argument, f"is {value!r}", "two numbers, 0 < low <= high")
    return ends[0], ends[1]


def check_pairs(op: str, pairs) -> list[tuple[int, int]]:
    """Return pairs of keypoints that change places, or raise unless they are pairs of integers >= 0."""
    expected = "pairs of integers, such as [(0, 5), (1, 4)]"
    try:
        found = [tuple(pair) for pair in pairs]
    except TypeError as error:
        raise bad_argument(op, "keypoint_pairs", f"is {shortened(pairs)}", expected, error=TypeError) from error
    for pair in found:
        if len(pair) != 2:
            raise bad_argument(op, "keypoint_pairs", f"contains {shortened(pair)}", expected)
    return [tuple(integer(op, "keypoint_pairs", number) for number in pair) for pair in found]
