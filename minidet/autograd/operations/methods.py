"""Operators and methods of Tensor: one table, so that tensor.py needs to know no operation."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument
from ..grad_mode import mode
from ..tensor import Tensor
from . import arithmetic, comparison, elementwise, indexing, joining, matmul, promotion, reduction, shape


def _shape_of(sizes: tuple):
    """Read ``f(2, 3)`` and ``f((2, 3))`` alike."""
    return sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def reshape(self: Tensor, *shape_) -> Tensor:
    """Return the elements in another shape: a view if possible, else a copy. One length may be -1."""
    return shape.reshape(self, _shape_of(shape_))


def view(self: Tensor, *shape_) -> Tensor:
    """Return the elements in another shape, sharing the memory; raises if that takes a copy."""
    return shape.view(self, _shape_of(shape_))


def permute(self: Tensor, *dims) -> Tensor:
    """Return the tensor with its axes in the order ``dims``."""
    return shape.permute(self, _shape_of(dims))


def expand(self: Tensor, *sizes) -> Tensor:
    """Return a view in which axes of length 1 (and new axes in front) are repeated; -1 keeps an axis."""
    return shape.expand(self, _shape_of(sizes))


def flip(self: Tensor, *dims) -> Tensor:
    """Return a copy with the axes ``dims`` reversed."""
    return shape.flip(self, _shape_of(dims))


def view_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the elements in the shape of ``other``, sharing the memory."""
    return shape.view(self, promotion.checked_tensor("view_as", "other", other).shape, "view_as")


def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the tensor, expanded to the shape of ``other``."""
    return shape.expand(self, promotion.checked_tensor("expand_as", "other", other).shape, "expand_as")


def mT(self: Tensor) -> Tensor:
    """Return the tensor with its last two axes exchanged."""
    return shape.transpose(self, -2, -1)


def is_contiguous(self: Tensor) -> bool:
    """Tell whether the memory is contiguous in row-major order."""
    return self._array.flags.c_contiguous


def to_float(self: Tensor) -> Tensor:
    """Return the tensor in float32."""
    return promotion.cast(self, np.dtype(np.float32))


def to_double(self: Tensor) -> Tensor:
    """Return the tensor in float64."""
    return promotion.cast(self, np.dtype(np.float64))


def to_long(self: Tensor) -> Tensor:
    """Return the tensor in int64 (towards zero)."""
    return promotion.cast(self, np.dtype(np.int64))


def to_int(self: Tensor) -> Tensor:
    """Return the tensor in int32 (towards zero)."""
    return promotion.cast(self, np.dtype(np.int32))


def to_bool(self: Tensor) -> Tensor:
    """Return whether elements are nonzero."""
    return promotion.cast(self, np.dtype(np.bool_))


def _reflected(function):
    def operator(self, other):
        return function(other, self)

    operator.__doc__ = f"Return {function.__name__}(other, self)."
    return operator


def _or_identity(function):
    """Compare with what is no number, None say, as Python does: by identity."""

    def operator(self, other):
        known = isinstance(other, (Tensor, np.ndarray, *promotion.SCALARS))
        return function(self, other) if known else NotImplemented

    operator.__doc__ = function.__doc__
    return operator


def _in_place(function):
    """Make ``add_`` and friends: not recorded, so a tensor that requires grad raises outside ``no_grad``."""
    op = f"{function.__name__}_"

    def method(self, other, **options):
        self._check_write(op, other)
        return _overwrite(op, self, function(self, other, **options))

    method.__doc__ = f"Set the values to {function.__name__}(self, other), in place."
    return method


def _augmented(function):
    """Make ``+=`` and friends.

    In place where nothing is recorded (an update under ``no_grad``); a recorded one makes a new tensor for the same
    name, with the same numbers, because changes in place are not recorded. A leaf that requires grad raises.
    """
    op = f"i{function.__name__}"

    def operator(self, other):
        if not (mode.enabled and (self.requires_grad or (isinstance(other, Tensor) and other.requires_grad))):
            return _overwrite(op, self, function(self, other))
        if self.requires_grad and self.grad_fn is None:
            raise RuntimeError(f"{op}: the tensor is a leaf that requires grad, expected to change it under no_grad(): "
                               "its gradient is that of the unchanged values.")  # fmt: skip
        result = function(self, other)
        _check_fit(op, self, result)
        return promotion.cast(result, self.dtype)

    operator.__doc__ = f"Set self to {function.__name__}(self, other)."
    return operator


def _overwrite(op: str, target: Tensor, result: Tensor) -> Tensor:
    _check_fit(op, target, result)
    return target._write(op, ..., result)


def _check_fit(op: str, target: Tensor, result: Tensor) -> None:
    if result.shape != target.shape:
        raise bad_argument(op, "other", f"makes the shape {result.shape}", f"{target.shape}, as before")
    if promotion.KINDS[result.dtype.kind] > promotion.KINDS[target.dtype.kind]:
        why = "a change in place keeps the dtype"
        raise bad_argument(op, "other", f"makes the dtype {result.dtype}", str(target.dtype), why, TypeError)


def _iter(self: Tensor):
    if not self.shape:
        raise TypeError("iter: the tensor has shape (), expected at least one axis.")
    return iter(joining.unbind(self))


METHODS = {
    # operators
    "__add__": arithmetic.add,
    "__radd__": arithmetic.add,
    "__iadd__": _augmented(arithmetic.add),
    "__sub__": arithmetic.sub,
    "__rsub__": _reflected(arithmetic.sub),
    "__isub__": _augmented(arithmetic.sub),
    "__mul__": arithmetic.mul,
    "__rmul__": arithmetic.mul,
    "__imul__": _augmented(arithmetic.mul),
    "__truediv__": arithmetic.div,
    "__rtruediv__": _reflected(arithmetic.div),
    "__itruediv__": _augmented(arithmetic.div),
    "__floordiv__": arithmetic.floor_divide,
    "__rfloordiv__": _reflected(arithmetic.floor_divide),
    "__mod__": arithmetic.remainder,
    "__rmod__": _reflected(arithmetic.remainder),
    "__pow__": arithmetic.pow,
    "__rpow__": _reflected(arithmetic.pow),
    "__matmul__": matmul.matmul,
    "__rmatmul__": _reflected(matmul.matmul),
    "__neg__": arithmetic.neg,
    "__abs__": elementwise.abs,
    "__eq__": _or_identity(comparison.eq),
    "__ne__": _or_identity(comparison.ne),
    "__lt__": comparison.lt,
    "__le__": comparison.le,
    "__gt__": comparison.gt,
    "__ge__": comparison.ge,
    "__and__": comparison.bitwise_and,
    "__rand__": comparison.bitwise_and,
    "__or__": comparison.bitwise_or,
    "__ror__": comparison.bitwise_or,
    "__xor__": comparison.bitwise_xor,
    "__rxor__": comparison.bitwise_xor,
    "__invert__": comparison.bitwise_not,
    "__getitem__": indexing.getitem,
    "__setitem__": indexing.setitem,
    "__iter__": _iter,
    # changes in place
    "add_": _in_place(arithmetic.add),
    "sub_": _in_place(arithmetic.sub),
    "mul_": _in_place(arithmetic.mul),
    "div_": _in_place(arithmetic.div),
    # arithmetic and functions of one element
    "add": arithmetic.add,
    "sub": arithmetic.sub,
    "mul": arithmetic.mul,
    "div": arithmetic.div,
    "neg": arithmetic.neg,
    "pow": arithmetic.pow,
    "remainder": arithmetic.remainder,
    "floor_divide": arithmetic.floor_divide,
    "matmul": matmul.matmul,
    "exp": elementwise.exp,
    "log": elementwise.log,
    "sqrt": elementwise.sqrt,
    "tanh": elementwise.tanh,
    "sigmoid": elementwise.sigmoid,
    "abs": elementwise.abs,
    "clamp": elementwise.clamp,
    "maximum": elementwise.maximum,
    "minimum": elementwise.minimum,
    # questions
    "eq": comparison.eq,
    "ne": comparison.ne,
    "lt": comparison.lt,
    "le": comparison.le,
    "gt": comparison.gt,
    "ge": comparison.ge,
    "logical_and": comparison.logical_and,
    "logical_or": comparison.logical_or,
    "logical_xor": comparison.logical_xor,
    "logical_not": comparison.logical_not,
    "isnan": comparison.isnan,
    "isinf": comparison.isinf,
    "isfinite": comparison.isfinite,
    "any": comparison.any,
    "all": comparison.all,
    "allclose": comparison.allclose,
    "equal": comparison.equal,
    # reductions
    "sum": reduction.sum,
    "mean": reduction.mean,
    "amax": reduction.amax,
    "amin": reduction.amin,
    "max": reduction.max,
    "min": reduction.min,
    "var": reduction.var,
    "std": reduction.std,
    "logsumexp": reduction.logsumexp,
    "argmax": reduction.argmax,
    "argmin": reduction.argmin,
    # shape
    "reshape": reshape,
    "view": view,
    "view_as": view_as,
    "flatten": shape.flatten,
    "squeeze": shape.squeeze,
    "unsqueeze": shape.unsqueeze,
    "permute": permute,
    "transpose": shape.transpose,
    "t": shape.t,
    "T": property(shape.t),
    "mT": property(mT),
    "expand": expand,
    "expand_as": expand_as,
    "broadcast_to": shape.broadcast_to,
    "flip": flip,
    "clone": shape.clone,
    "contiguous": shape.contiguous,
    "is_contiguous": is_contiguous,
    # parts
    "gather": indexing.gather,
    "split": joining.split,
    "chunk": joining.chunk,
    "unbind": joining.unbind,
    # dtype
    "to": promotion.to,
    "float": to_float,
    "double": to_double,
    "long": to_long,
    "int": to_int,
    "bool": to_bool,
}

for _name, _method in METHODS.items():
    setattr(Tensor, _name, _method)
