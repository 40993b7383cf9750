"""Questions: ==, <, logical operations, isnan, any, all. The answers are booleans, and have no gradient."""

from __future__ import annotations

import sys

import numpy as np

from ...errors import bad_argument, flag, number
from ..tensor import Tensor, to_array, wrap
from .axes import one_axis
from .promotion import check_broadcast, checked_tensor, operands

LARGEST = sys.float_info.max


def _compare(op: str, ufunc, input, other) -> Tensor:
    a, b = operands(op, input, other)
    return wrap(np.asarray(ufunc(to_array(a), to_array(b))))


def eq(input, other) -> Tensor:
    """Return ``input == other``, elementwise."""
    return _compare("eq", np.equal, input, other)


def ne(input, other) -> Tensor:
    """Return ``input != other``, elementwise."""
    return _compare("ne", np.not_equal, input, other)


def lt(input, other) -> Tensor:
    """Return ``input < other``, elementwise."""
    return _compare("lt", np.less, input, other)


def le(input, other) -> Tensor:
    """Return ``input <= other``, elementwise."""
    return _compare("le", np.less_equal, input, other)


def gt(input, other) -> Tensor:
    """Return ``input > other``, elementwise."""
    return _compare("gt", np.greater, input, other)


def ge(input, other) -> Tensor:
    """Return ``input >= other``, elementwise."""
    return _compare("ge", np.greater_equal, input, other)


def _logical(op: str, ufunc, input, other) -> Tensor:
    a, b = checked_tensor(op, "input", input), checked_tensor(op, "other", other)
    check_broadcast(op, "input", a, "other", b)
    return wrap(np.asarray(ufunc(a._array, b._array)))


def logical_and(input, other) -> Tensor:
    """Return whether both are nonzero, elementwise."""
    return _logical("logical_and", np.logical_and, input, other)


def logical_or(input, other) -> Tensor:
    """Return whether one of them is nonzero, elementwise."""
    return _logical("logical_or", np.logical_or, input, other)


def logical_xor(input, other) -> Tensor:
    """Return whether exactly one of them is nonzero, elementwise."""
    return _logical("logical_xor", np.logical_xor, input, other)


def logical_not(input) -> Tensor:
    """Return whether each element is zero."""
    return wrap(np.asarray(np.logical_not(checked_tensor("logical_not", "input", input)._array)))


def _bitwise(op: str, ufunc, *values) -> Tensor:
    tensors = operands(op, *values) if len(values) == 2 else (checked_tensor(op, "input", *values),)
    arrays = [to_array(x) for x in tensors]
    if arrays[0].dtype.kind == "f":
        why = "compare first, as in (a > 0) & (b > 0)"
        raise bad_argument(op, "input", f"has dtype {arrays[0].dtype}", "booleans or integers", why, TypeError)
    return wrap(np.asarray(ufunc(*arrays)))


def bitwise_and(input, other) -> Tensor:
    """Return ``input & other`` of booleans or integers, elementwise."""
    return _bitwise("bitwise_and", np.bitwise_and, input, other)


def bitwise_or(input, other) -> Tensor:
    """Return ``input | other`` of booleans or integers, elementwise."""
    return _bitwise("bitwise_or", np.bitwise_or, input, other)


def bitwise_xor(input, other) -> Tensor:
    """Return ``input ^ other`` of booleans or integers, elementwise."""
    return _bitwise("bitwise_xor", np.bitwise_xor, input, other)


def bitwise_not(input) -> Tensor:
    """Return ``~input`` of booleans or integers, elementwise."""
    return _bitwise("bitwise_not", np.bitwise_not, input)


def isnan(input) -> Tensor:
    """Return whether each element is NaN."""
    return wrap(np.asarray(np.isnan(checked_tensor("isnan", "input", input)._array)))


def isinf(input) -> Tensor:
    """Return whether each element is infinite."""
    return wrap(np.asarray(np.isinf(checked_tensor("isinf", "input", input)._array)))


def isfinite(input) -> Tensor:
    """Return whether each element is neither infinite nor NaN."""
    return wrap(np.asarray(np.isfinite(checked_tensor("isfinite", "input", input)._array)))


def any(input, dim=None, keepdim: bool = False) -> Tensor:
    """Return whether an element is nonzero, over all elements or along one axis."""
    return _quantifier("any", np.any, input, dim, keepdim)


def all(input, dim=None, keepdim: bool = False) -> Tensor:
    """Return whether every element is nonzero, over all elements or along one axis."""
    return _quantifier("all", np.all, input, dim, keepdim)


def _quantifier(op: str, function, input, dim, keepdim: bool) -> Tensor:
    array, keepdim = checked_tensor(op, "input", input)._array, flag(op, "keepdim", keepdim)
    if dim is None or array.ndim == 0:
        if dim is not None:
            one_axis(op, dim, 0)
        return wrap(np.asarray(function(array, keepdims=keepdim)))
    return wrap(np.asarray(function(array, axis=one_axis(op, dim, array.ndim), keepdims=keepdim)))


def allclose(input, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Tell whether ``|input - other| <= atol + rtol |other|`` everywhere."""
    a, b = checked_tensor("allclose", "input", input), checked_tensor("allclose", "other", other)
    check_broadcast("allclose", "input", a, "other", b)
    rtol, atol = (number("allclose", name, x, 0.0, LARGEST) for name, x in (("rtol", rtol), ("atol", atol)))
    equal_nan = flag("allclose", "equal_nan", equal_nan)
    return bool(np.allclose(a._array, b._array, rtol, atol, equal_nan))


def equal(input, other) -> bool:
    """Tell whether shapes and all elements are equal."""
    a, b = checked_tensor("equal", "input", input), checked_tensor("equal", "other", other)
    return bool(np.array_equal(a._array, b._array))
