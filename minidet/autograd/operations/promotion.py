"""Which dtype two operands meet in, and how a gradient finds its way back through broadcasting.

PyTorch's rule: bool < integer < float, and the highest kind present wins. Within that kind tensors with axes decide;
0-d tensors count only where no tensor with axes is of that kind, and Python and NumPy scalars only where no tensor is.
"""

from __future__ import annotations

import math
import numbers

import numpy as np

from ...errors import bad_argument, shown
from ..float_errors import quiet
from ..from_data import read_tensor
from ..function import Function
from ..sequence import as_dtype
from ..sums import total
from ..tensor import DEFAULT_FLOAT, Tensor

KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}
SCALAR_DTYPES = (np.dtype(np.bool_), np.dtype(np.int64), DEFAULT_FLOAT)  # of a Python bool, int and float
SCALARS = (numbers.Real, np.bool_)  # bool and NumPy's numbers are among the real ones


def is_scalar(value) -> bool:
    """Tell whether ``value`` is a Python or NumPy number: weak in promotion, and without gradient."""
    return isinstance(value, SCALARS)


def checked_tensor(op: str, argument: str, value) -> Tensor:
    """Return ``value`` as a tensor; an ndarray shares its memory, and anything but numbers raises ``TypeError``."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (np.ndarray, *SCALARS)):
        return read_tensor(op, argument, value)
    raise bad_argument(op, argument, f"is a {type(value).__name__}", "a tensor", error=TypeError)


def result_type(*values) -> np.dtype:
    """Return the dtype in which tensors (or arrays) and scalars meet."""
    best: list[np.dtype | None] = [None, None, None]  # of tensors with axes, 0-d tensors, scalars
    for value in values:
        if is_scalar(value):
            rank, dtype = 2, SCALAR_DTYPES[_scalar_kind(value)]
        else:
            rank, dtype = (0 if value.ndim else 1), value.dtype
        best[rank] = dtype if best[rank] is None else _join(best[rank], dtype)
    winner = None
    for dtype in best:
        if dtype is not None and (winner is None or KINDS[dtype.kind] > KINDS[winner.kind]):
            winner = dtype
    return winner


def _scalar_kind(value) -> int:
    if isinstance(value, (bool, np.bool_)):
        return 0
    return 1 if isinstance(value, numbers.Integral) else 2


def _join(first: np.dtype, second: np.dtype) -> np.dtype:
    if first.kind == "f" and second.kind != "f":
        return first  # an int64 next to a float32 does not ask for float64
    if second.kind == "f" and first.kind != "f":
        return second
    return np.promote_types(first, second)


def operands(op: str, input, other, *, name: str = "other") -> tuple:
    """Bring two operands to one dtype: tensors are cast (recorded), scalars become NumPy's, without gradient.

    Raises ``ValueError`` if the shapes do not broadcast, ``TypeError`` for anything but tensors, arrays and numbers.
    """
    if isinstance(input, Tensor) and isinstance(other, Tensor):
        if input._array.dtype == other._array.dtype:
            if input._array.shape != other._array.shape:
                check_broadcast(op, "input", input, name, other)
            return input, other
    elif isinstance(input, Tensor) and type(other) in (float, int) and input._array.dtype.kind == "f":
        dtype = input._array.dtype
        return input, dtype.type(other) if -1e38 < other < 1e38 else scalar(op, name, other, dtype)
    elif isinstance(other, Tensor) and type(input) in (float, int) and other._array.dtype.kind == "f":
        dtype = other._array.dtype
        return dtype.type(input) if -1e38 < input < 1e38 else scalar(op, "input", input, dtype), other
    if not is_scalar(input):
        input = checked_tensor(op, "input", input)
    if not is_scalar(other):
        other = checked_tensor(op, name, other)
    dtype = result_type(input, other)
    if isinstance(input, Tensor) and isinstance(other, Tensor):
        check_broadcast(op, "input", input, name, other)
    elif not isinstance(input, Tensor) and not isinstance(other, Tensor):
        input = Tensor(scalar(op, "input", input, dtype))  # two numbers: PyTorch wants a tensor, we can as well answer
    return _meet(op, "input", input, dtype), _meet(op, name, other, dtype)


def _meet(op: str, argument: str, value, dtype: np.dtype):
    return cast(value, dtype) if isinstance(value, Tensor) else scalar(op, argument, value, dtype)


def scalar(op: str, argument: str, value, dtype: np.dtype) -> np.ndarray:
    """Return a number as a 0-d array; what a float cannot hold becomes infinite, what an integer cannot raises."""
    try:
        with quiet():
            return np.asarray(value).astype(dtype)
    except OverflowError as error:
        raise bad_argument(op, argument, f"is {shown(value)}", f"a number that {dtype} can hold") from error


def float_input(op: str, input, argument: str = "input") -> Tensor:
    """Return ``input`` as a tensor of floats: integers and booleans become float32."""
    input = checked_tensor(op, argument, input)
    return input if input._array.dtype.kind == "f" else cast(input, DEFAULT_FLOAT)


def check_broadcast(op: str, first: str, a, second: str, b) -> None:
    """Raise ``ValueError`` unless two shapes broadcast."""
    for length, other in zip(reversed(a.shape), reversed(b.shape), strict=False):
        if length != other and length != 1 and other != 1:
            why = f"{first} has shape {a.shape}, and lengths must be equal or 1, counted from the last axis"
            raise bad_argument(op, second, f"has shape {b.shape}", f"a shape that broadcasts with {a.shape}", why)


def unbroadcast(grad: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum a gradient over the axes that broadcasting stretched: the adjoint of copying is adding."""
    if grad.shape == shape:
        return grad
    lead = grad.ndim - len(shape)
    stretched = tuple(lead + i for i, length in enumerate(shape) if length == 1 and grad.shape[lead + i] != 1)
    if math.prod(shape) == 1:
        return np.asarray(total(grad, tuple(range(grad.ndim)))).reshape(shape)
    return total(grad, (*range(lead), *stretched)).reshape(shape)


class To(Function):
    """Change of dtype; the gradient changes back."""

    @staticmethod
    def forward(ctx, input, dtype):
        return input.astype(dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad, None  # the backward pass casts it to the input's dtype


def cast(input: Tensor, dtype: np.dtype) -> Tensor:
    """Return ``input`` in another dtype; the same tensor if it has it already."""
    return input if input._array.dtype == dtype else To.apply(input, dtype)


def to(input, dtype) -> Tensor:
    """Return the tensor in another dtype, the same tensor if it has it already.

    Parameters
    ----------
    input : Tensor
    dtype : dtype or Tensor
        ``minidet.float32``, ``np.int64``, ...; or a tensor whose dtype to take.
    """
    dtype = dtype.dtype if isinstance(dtype, Tensor) else as_dtype("to", dtype)
    return cast(checked_tensor("to", "input", input), dtype)
