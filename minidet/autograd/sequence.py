"""Nested lists of numbers as arrays: Python floats become float32, as in PyTorch."""

from __future__ import annotations

import numpy as np

from ..errors import bad_argument
from .float_errors import quiet

DEFAULT_FLOAT = np.dtype(np.float32)


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
