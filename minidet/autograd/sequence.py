"""What arrays tensors can have; and nested lists of numbers as such: Python floats become float32, as in PyTorch."""

from __future__ import annotations

import numpy as np

from ..errors import bad_argument, shown
from .float_errors import quiet

DEFAULT_FLOAT = np.dtype(np.float32)
CODES = "?bhilqBHILQfd"  # NumPy's letters of bool, integers, float32 and float64: the same for both byte orders
EXPECTED = "float32, float64, an integer dtype or bool"


def to_native(op: str, argument: str, array: np.ndarray) -> np.ndarray:
    """Return an array in this machine's byte order, or raise unless it holds what tensors can have."""
    if array.dtype.char not in CODES:
        raise bad_argument(op, argument, f"has dtype {array.dtype}", EXPECTED, error=TypeError)
    return array if array.dtype.isnative else array.astype(array.dtype.char)


def as_dtype(op: str, dtype) -> np.dtype:
    """Return ``dtype`` as NumPy's, in this machine's byte order, or raise if tensors cannot have it."""
    try:
        code = "" if dtype is None else np.dtype(dtype).char  # None would be float64
    except (TypeError, ValueError):
        code = ""
    if not code or code not in CODES:
        raise bad_argument(op, "dtype", f"is {shown(dtype)}", EXPECTED, error=TypeError)
    return np.dtype(code)


def from_sequence(value) -> np.ndarray:
    """Make an array of nested lists: Python floats become float32, but NumPy's own numbers in the list keep theirs."""
    if isinstance(value, (list, tuple)):  # of tensors, perhaps
        value = [getattr(item, "_array", item) for item in value]
    try:
        array = np.asarray(value)
    except ValueError as error:
        why = str(error).split(". ")[-1].rstrip(".")  # what NumPy found out
        raise bad_argument("tensor", "data", "is ragged", "nested lists of equal lengths", why) from error
    if array.dtype != np.float64 or _holds_numpy(value):
        return array
    with quiet():
        return array.astype(DEFAULT_FLOAT)


def _holds_numpy(value) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (np.ndarray, np.generic))
