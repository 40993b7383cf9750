"""What a student's function returned, walked before anything is made of it: judging takes no more memory than it has.

NumPy makes an array of nearly everything. Of ``["a" * 1_000_000] + [""] * 2000``, 1 MB, it makes 8 GB:
every entry gets room for the longest. So lists are walked first, and only numbers become arrays.
"""

from __future__ import annotations

import numpy as np

#: Values in lists that are looked at: more than the frame of a reply can hold.
VALUES = 2_000_000
#: Lists in lists, and so on.
DEPTH = 40
#: Letters and numbers that a check of its own may be given: of strings, as many as an array of them would have.
LETTERS, NUMBERS = 10_000_000, 8_000_000


def shape_of(value) -> tuple[int, ...] | None:
    """Return the shape of the array of real numbers (or booleans) that a value is; None if it is no such thing."""
    return _shape(value, [VALUES], 0)


def as_floats(value, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return a value of a known shape as an array of float64; None if its numbers are too large for that."""
    try:
        with np.errstate(all="ignore"):  # of more than 64 bits
            array = np.asarray(value, dtype=np.float64)
    except (OverflowError, ValueError, TypeError):
        return None
    return array if array.shape == shape else None


def too_large(value) -> bool:
    """Whether an array made of a value could be far larger than the value."""
    seen = {"values": 0, "longest": 0, "numbers": 0}
    fits = _measure(value, seen, 0)
    return not fits or seen["values"] * seen["longest"] > LETTERS or seen["numbers"] > NUMBERS


def _shape(value, left: list[int], depth: int) -> tuple[int, ...] | None:
    left[0] -= 1
    if left[0] < 0 or depth > DEPTH:
        return None
    if isinstance(value, (bool, int, float)):
        return ()
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        return array.shape if array.dtype.kind in "biuf" else None
    if not isinstance(value, (tuple, list)):
        return None
    shape: tuple[int, ...] | None = None
    for item in value:
        one = _shape(item, left, depth + 1)
        if one is None or (shape is not None and one != shape):  # no number, or ragged
            return None
        shape = one
    return (len(value), *(shape or ()))


def _measure(value, seen: dict[str, int], depth: int) -> bool:
    """Count what is in a value; return False if that is more than can be walked."""
    seen["values"] += 1
    if seen["values"] > VALUES or depth > DEPTH:
        return False
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        seen["numbers"] += array.size * max(1, array.itemsize // 8)
    elif isinstance(value, (str, bytes)):
        seen["longest"] = max(seen["longest"], len(value))
    elif isinstance(value, dict):
        return all(_measure(key, seen, depth + 1) and _measure(value[key], seen, depth + 1) for key in value)
    elif isinstance(value, (tuple, list)):
        return all(_measure(item, seen, depth + 1) for item in value)
    return True
