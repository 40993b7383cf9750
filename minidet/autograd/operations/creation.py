"""New tensors: zeros, ones, full, arange, linspace, eye, and random ones."""

from __future__ import annotations

import math

import numpy as np

from ...errors import LARGEST, bad_argument, check_room, integer, shown
from ...random import generator
from ..float_errors import quiet
from ..from_data import recording
from ..sequence import as_dtype
from ..tensor import DEFAULT_FLOAT, Tensor, wrap
from .axes import lengths
from .promotion import checked_tensor, is_scalar, result_type, scalar


def _finish(op: str, array: np.ndarray, dtype, requires_grad: bool) -> Tensor:
    if dtype is not None:
        array = array.astype(as_dtype(op, dtype), copy=False)
    return recording(op, wrap(array), requires_grad)


def _filled(op: str, shape: tuple[int, ...], value, dtype, requires_grad: bool) -> Tensor:
    dtype = DEFAULT_FLOAT if dtype is None else as_dtype(op, dtype)
    return _finish(op, np.full(shape, scalar(op, "fill_value", value, dtype)), None, requires_grad)


def zeros(*size, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``; float32 by default."""
    return _filled("zeros", lengths("zeros", size, "size"), 0, dtype, requires_grad)


def ones(*size, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of ones: ``ones(2, 3)`` or ``ones((2, 3))``; float32 by default."""
    return _filled("ones", lengths("ones", size, "size"), 1, dtype, requires_grad)


def full(size, fill_value, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return a tensor in which every element is ``fill_value``; its kind (bool, int, float) gives the dtype."""
    _need_number("full", "fill_value", fill_value)
    dtype = result_type(fill_value) if dtype is None else dtype
    return _filled("full", lengths("full", (size,), "size"), fill_value, dtype, requires_grad)


def zeros_like(input, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return zeros of the shape and dtype of ``input``."""
    return _like("zeros_like", input, 0, dtype, requires_grad)


def ones_like(input, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return ones of the shape and dtype of ``input``."""
    return _like("ones_like", input, 1, dtype, requires_grad)


def full_like(input, fill_value, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return ``fill_value`` in the shape and dtype of ``input``."""
    _need_number("full_like", "fill_value", fill_value)
    return _like("full_like", input, fill_value, dtype, requires_grad)


def _like(op: str, input, value, dtype, requires_grad: bool) -> Tensor:
    input = checked_tensor(op, "input", input)
    return _filled(op, input.shape, value, input.dtype if dtype is None else dtype, requires_grad)


def _need_number(op: str, argument: str, value) -> None:
    value = value.item() if isinstance(value, Tensor) and value.ndim == 0 else value
    if not is_scalar(value):
        raise bad_argument(op, argument, f"is a {type(value).__name__}", "a number", error=TypeError)


def arange(start, end=None, step=1, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return ``start, start + step, ...``, all below ``end``; ``arange(end)`` starts at 0.

    int64 if all arguments are integers, else float32.
    """
    if end is None:
        start, end = 0, start
    for argument, value in (("start", start), ("end", end), ("step", step)):
        _need_number("arange", argument, value)
        if not abs(value) <= LARGEST:
            raise bad_argument("arange", argument, f"is {shown(value)}", "a finite number of 64 bits")
    if step == 0 or (end - start) / step < 0:
        raise bad_argument("arange", "step", f"is {step}", f"steps that lead from {start} to {end}")
    check_room("arange", "end", f"is {end}", math.ceil((end - start) / step))
    floats = any(isinstance(value, (float, np.floating)) for value in (start, end, step))
    natural = DEFAULT_FLOAT if floats else np.dtype(np.int64)
    return _finish("arange", np.arange(start, end, step), natural if dtype is None else dtype, requires_grad)


def linspace(start, end, steps: int, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return ``steps`` numbers at equal distances, from ``start`` to ``end``, both included."""
    for argument, value in (("start", start), ("end", end)):
        _need_number("linspace", argument, value)
        scalar("linspace", argument, value, np.dtype(np.float64))
    steps = integer("linspace", "steps", steps)
    check_room("linspace", "steps", f"is {steps}", steps)
    with quiet():
        array = np.linspace(float(start), float(end), steps)
    return _finish("linspace", array, DEFAULT_FLOAT if dtype is None else dtype, requires_grad)


def eye(n: int, m: int | None = None, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """Return the identity matrix of ``n`` rows and ``m`` (by default ``n``) columns."""
    rows = integer("eye", "n", n)
    columns = rows if m is None else integer("eye", "m", m)
    check_room("eye", "n, m", f"is {rows}, {columns}", rows, columns)
    return _finish("eye", np.eye(rows, columns), DEFAULT_FLOAT if dtype is None else dtype, requires_grad)


def rand(*size, dtype=None, requires_grad: bool = False, rng: np.random.Generator | None = None) -> Tensor:
    """Return uniform random numbers in [0, 1). They follow ``manual_seed`` unless ``rng`` is given."""
    return _random("rand", "random", size, dtype, requires_grad, rng)


def randn(*size, dtype=None, requires_grad: bool = False, rng: np.random.Generator | None = None) -> Tensor:
    """Return random numbers of the normal distribution (0, 1). They follow ``manual_seed`` unless ``rng`` is given."""
    return _random("randn", "standard_normal", size, dtype, requires_grad, rng)


def _random(op: str, draw: str, size, dtype, requires_grad: bool, rng) -> Tensor:
    dtype = DEFAULT_FLOAT if dtype is None else as_dtype(op, dtype)
    if dtype.kind != "f":
        raise bad_argument(op, "dtype", f"is {dtype}", "float32 or float64", error=TypeError)
    array = getattr(generator(rng, op), draw)(lengths(op, size, "size"), dtype=dtype)
    return _finish(op, np.asarray(array), None, requires_grad)


def randint(low: int, high, size=None, *, dtype=None, rng: np.random.Generator | None = None) -> Tensor:
    """Return random integers in [low, high); ``randint(high, size)`` starts at 0."""
    if size is None:
        low, high, size = 0, low, high
    low, high = (integer("randint", name, value, low=-(2**63)) for name, value in (("low", low), ("high", high)))
    if low >= high:
        raise bad_argument("randint", "high", f"is {high}", f"an integer above {low}")
    array = np.asarray(generator(rng, "randint").integers(low, high, lengths("randint", (size,), "size")))
    return _finish("randint", array, dtype, False)


def randperm(n: int, *, rng: np.random.Generator | None = None) -> Tensor:
    """Return the integers 0 to n - 1 in random order."""
    n = integer("randperm", "n", n)
    check_room("randperm", "n", f"is {n}", n)
    return wrap(generator(rng, "randperm").permutation(n))
