"""Numbers that come from outside, where a plain array is enough: pictures, labels, boxes, points of a curve."""

from __future__ import annotations

import numpy as np

from ..errors import bad_argument
from .tensor import Tensor


def as_array(op: str, argument: str, value, kinds: str = "biuf") -> np.ndarray:
    """Return the values of a Tensor, an array or nested lists, or raise unless they are numbers.

    ``kinds`` are NumPy's letters of the types that are allowed: b(ool), i(nteger), u(nsigned), f(loat).
    """
    try:
        array = value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:  # lists of unequal lengths, or what is no number
        was = f"is a {type(value).__name__} that is no array"
        raise bad_argument(op, argument, was, "an array of numbers", str(error).rstrip("."), TypeError) from error
    if array.dtype.kind not in kinds:
        short = "" if array.ndim or isinstance(value, np.ndarray) else f", {shortened(value)}"
        expected = "numbers" if "f" in kinds else "integers"
        raise bad_argument(op, argument, f"has dtype {array.dtype}{short}", expected, error=TypeError)
    return array


def shortened(value) -> str:
    """Return how a value is written, cut after 40 letters: for messages."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]} ..."
