"""Data become tensors: copied, shared, or read as the argument of an operation."""

from __future__ import annotations

import numbers

import numpy as np

from ..errors import bad_argument, flag
from .float_errors import quiet
from .sequence import as_dtype
from .tensor import Tensor, to_array, wrap


def recording(op: str, leaf: Tensor, requires_grad) -> Tensor:
    """Switch recording for a new leaf on, if asked for; errors name the operation that makes it."""
    if not flag(op, "requires_grad", requires_grad):
        return leaf
    if leaf.dtype.kind != "f":
        why = f"the tensor has dtype {leaf.dtype}, and only floating point numbers have gradients"
        raise bad_argument(op, "requires_grad", "is True", "False", why, TypeError)
    return leaf.requires_grad_()


def tensor(data, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Copy ``data`` into a new leaf tensor.

    Python floats become float32; an ndarray keeps its dtype unless ``dtype`` is given.
    """
    array = to_array(data)
    dtype = array.dtype if dtype is None else as_dtype("tensor", dtype)
    with quiet():
        leaf = wrap(np.array(array, dtype))
    return recording("tensor", leaf, requires_grad)


def as_tensor(data) -> Tensor:
    """Return ``data`` if it is a tensor, else a tensor around it that shares an ndarray's memory."""
    return data if isinstance(data, Tensor) else _share("as_tensor", "data", data)


def _share(op: str, argument: str, value) -> Tensor:
    try:
        return Tensor(value)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("tensor: data", f"{op}: {argument}", 1)) from None


def read_tensor(op: str, argument: str, value) -> Tensor:
    """Do what :func:`as_tensor` does for an argument of an operation; errors name both."""
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, (np.ndarray, np.generic, numbers.Real, list, tuple)):
        raise bad_argument(op, argument, f"is a {type(value).__name__}", "a tensor", error=TypeError)
    return _share(op, argument, value)


def from_numpy(array: np.ndarray) -> Tensor:
    """Make a tensor that shares the memory of ``array``.

    Copied instead is what no tape could lock and unlock (a read-only array, or one around PyTorch's memory), and an
    array of the other byte order.
    """
    if not isinstance(array, np.ndarray):
        raise bad_argument("from_numpy", "array", f"is a {type(array).__name__}", "a NumPy ndarray", error=TypeError)
    return _share("from_numpy", "array", array)
