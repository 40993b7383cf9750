"""Calls of operations on every element, of one array or of several that broadcast."""

import numpy as np
import scipy.special

from .array import Array
from .operation import Operation, torch


def one(values=None, dtypes=("float64", "float32"), shape=(0, 4), **options):
    """Draw one array."""

    def draw(d):
        kind = d.values() if values is None else values
        return (d.array(d.shape(*shape), d.pick(*dtypes), kind, **options),), {}

    return draw


def two(dtypes=("float64", "float32", "int64", "int32", "uint8"), number=True, **options):
    """Draw two arrays of shapes that broadcast, or an array and a number."""

    def draw(d):
        limits = dict(options)
        first = d.pick(*dtypes)
        second = d.pick(*dtypes) if d.maybe(25) else first
        shape = d.shape()
        if "uint8" in (first, second):
            limits["low"] = 0  # a number below 0 beside uint8 has no value that NumPy and PyTorch agree on
        pair = [d.array(shape, first, d.values(), **limits), d.array(d.fits(shape), second, d.values(), **limits)]
        if number and d.maybe(20):
            whole = first not in ("float64", "float32") or d.maybe(30)
            pair[1] = d.pick(1, 2, 3) if whole else d.number() or 1.5
        elif d.maybe(30):
            pair.reverse()
        return tuple(pair), {}

    return draw


def with_alpha(d):
    args, _ = two()(d)
    alpha = d.pick(None, 2, -3, 0)
    return args, {} if alpha is None else {"alpha": alpha}


def add(a, b, alpha=1):
    """Return a + b * alpha; integers wrap around, as they do in NumPy, also where a Python number is negative."""
    dtype = np.result_type(a, b)
    return (a + (np.asarray(b, dtype) * np.asarray(alpha).astype(dtype))).astype(dtype)


def sub(a, b, alpha=1):
    return add(a, b, -alpha)


def power(d):
    """Draw a base and an exponent; integers stay small, and their exponents positive."""
    if d.maybe(20):
        shape = d.shape()
        base = d.array(shape, "int64", low=-3, high=4)
        return (base, d.pick(2, 0, 1, 3) if d.maybe(50) else d.array(d.fits(shape), "int64", low=0, high=5)), {}
    shape, dtype = d.shape(), d.float()
    low = d.pick(0.2, 0.2, -2.0)
    base = d.array(shape, dtype, "uniform", low=low, high=2)
    if low < 0 or d.maybe(30):
        base = d.array(shape, dtype, d.pick("whole", "uniform", "special"))
    if d.maybe(50):
        exponents = (2, 0, 1, 3) if base.values == "special" else (2, 0, 1, 3, -1, 0.5, -1.5, 2.5)  # the root of -0.0
        return (base, d.pick(*exponents)), {}
    exponent = d.array(d.fits(shape), dtype, d.pick("whole", "normal", "uniform"))
    return ((d.pick(2, 0.5, 3.0), exponent) if d.maybe(15) else (base, exponent)), {}


def nonzero(dtypes, integers_only=False):
    """Draw two arrays, the second without 0 where both hold integers."""

    def draw(d):
        dtype, shape = d.pick(*dtypes), d.shape()
        floats = dtype.startswith("float") and not integers_only
        first = d.array(shape, dtype, d.values(special=False), low=-9, high=10)
        if floats and d.maybe(70):
            return (first, d.array(d.fits(shape), dtype, d.pick("normal", "uniform", "whole"), low=1)), {}
        return (first, d.pick(3, 2, -2) if dtype != "uint8" and d.maybe(30)
                else d.array(d.fits(shape), dtype, "whole", low=1, high=9)), {}  # fmt: skip

    return draw


def floats_or_ints(d):
    return one(dtypes=("float64", "float32", "int64", "int32"))(d)


def clamp(d):
    shape, dtype = d.shape(), d.pick("float64", "float32", "int64")
    x = d.array(shape, dtype, d.values())
    low, high = d.pick(-1, 0, -2), d.pick(1, 0, 2, -1)
    if dtype != "int64" and d.maybe(50):
        low, high = low - 0.5, high + 0.25
    which = d.pick(0, 1, 2)
    return ((x, low, high), (x, None, high), (x, low))[which], {}


def clamp_reference(x, low=None, high=None):
    if low is not None:
        x = np.where(np.isnan(x), x, np.maximum(x, low))
    return x if high is None else np.where(np.isnan(x), x, np.minimum(x, high))


def where(d):
    shape, dtype = d.shape(), d.pick("float64", "float32", "int64")
    condition = d.array(d.fits(shape), "bool")
    other = d.number() if d.maybe(20) and dtype != "int64" else d.array(d.fits(shape), dtype, d.values())
    return (condition, d.array(shape, dtype, d.values()), other), {}


def softplus(x, beta=1.0, threshold=20.0):
    scaled = beta * x
    return np.where(scaled > threshold, x, np.logaddexp(0, scaled) / beta)


def draw_softplus(d):
    args, _ = one()(d)
    return args, {} if d.maybe(50) else {"beta": d.pick(1.0, 2.0, 0.5), "threshold": d.pick(20.0, 2.0, 0.0)}


def draw_leaky(d):
    args, _ = one()(d)
    return args, {} if d.maybe(50) else {"negative_slope": d.number()}


def draw_softmax(d):
    x = d.array(d.shape(), d.float(), d.values())
    return (x, d.dim(x.shape)), {}


def shifted(x, dim):
    return x - x.max(dim, keepdims=True) if x.ndim and x.size else x * 1.0


def softmax(x, dim):
    if not x.ndim:
        return np.exp(x - x)
    exp = np.exp(shifted(x, dim))
    return exp / exp.sum(dim, keepdims=True)


def log_softmax(x, dim):
    if not x.ndim:
        return x - x
    x = shifted(x, dim)
    return x - np.log(np.exp(x).sum(dim, keepdims=True))


def relu(x):
    return np.where(np.isnan(x), x, np.maximum(x, 0))


def nan_minimum(x, high):
    return np.where(np.isnan(x), x, np.minimum(x, high))


def leaky(x, negative_slope=0.01):
    return np.where(x > 0, x, x * negative_slope)


def compared(name):
    return Operation(f"minidet.{name}", two((*EVERY,)), getattr(np, NUMPY.get(name, name)))


NUMPY = {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}
EVERY = ("float64", "float32", "int64", "int32", "uint8", "bool")
WHOLE = ("int64", "int32", "uint8", "bool")
POSITIVE = {"low": 0.05, "high": 3.0}


def inner(name, reference, draw=None, **options):
    """An operation that both PyTorch's root and nn.functional know under one name."""
    return Operation(name, draw or one(), reference, **options)


def close(d):
    x = Array(d.shape(), d.float(), "whole", d.below(1000))
    y = Array(x.shape, x.dtype, "whole", x.seed if d.maybe(70) else d.below(1000))
    return (x, y), {"rtol": d.pick(1e-5, 0.5), "atol": d.pick(1e-8, 2.0), "equal_nan": d.maybe(50)}


def equal(d):
    args, _ = close(d)
    return args, {}


def allclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    return np.allclose(a, b, rtol, atol, equal_nan)


OPERATIONS = [
    Operation("minidet.add", with_alpha, add),
    Operation("minidet.sub", with_alpha, sub),
    Operation("minidet.mul", two(), np.multiply),
    Operation("minidet.div", two(("float64", "float32", "int64")), lambda a, b: a / b),
    Operation("minidet.neg", floats_or_ints, np.negative),
    Operation("minidet.pow", power, np.power, loose=10, own_nan=True),
    Operation("minidet.remainder", nonzero(("float64", "float32", "int64", "int32", "uint8")), np.remainder,
              steps=True),
    Operation("minidet.floor_divide", nonzero(("int64", "int32", "uint8"), True), np.floor_divide, steps=True),
    Operation("minidet.abs", floats_or_ints, np.abs, own_nan=True),
    Operation("minidet.exp", one(), np.exp),
    Operation("minidet.log", one(), np.log),
    Operation("minidet.sqrt", one(), np.sqrt),
    Operation("minidet.sigmoid", one(), scipy.special.expit),
    Operation("minidet.tanh", one(), np.tanh),
    Operation("minidet.clamp", clamp, clamp_reference),
    Operation("minidet.maximum", two(("float64", "float32", "int64"), number=False), np.maximum),
    Operation("minidet.minimum", two(("float64", "float32", "int64"), number=False), np.minimum),
    Operation("minidet.where", where, np.where),
    *(compared(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")),
    *(Operation(f"minidet.logical_{name}", two(EVERY, number=False), getattr(np, f"logical_{name}"))
      for name in ("and", "or", "xor")),
    Operation("minidet.logical_not", one(dtypes=EVERY), np.logical_not),
    *(Operation(f"minidet.bitwise_{name}", two(WHOLE, number=False), getattr(np, f"bitwise_{name}"))
      for name in ("and", "or", "xor")),
    Operation("minidet.bitwise_not", one(dtypes=WHOLE), np.bitwise_not),
    *(Operation(f"minidet.{name}", one("special", EVERY), getattr(np, name))
      for name in ("isfinite", "isinf", "isnan")),
    Operation("minidet.allclose", close, allclose),
    Operation("minidet.equal", equal, np.array_equal),
    inner("F.relu", relu),
    inner("F.relu6", lambda x: nan_minimum(relu(x), 6), own_nan=True),
    inner("F.leaky_relu", leaky, draw_leaky),
    inner("F.sigmoid", scipy.special.expit, torch=lambda x: torch.sigmoid(x)),
    inner("F.tanh", np.tanh, torch=lambda x: torch.tanh(x)),
    inner("F.softplus", softplus, draw_softplus),
    inner("F.softmax", softmax, draw_softmax),
    inner("F.log_softmax", log_softmax, draw_softmax),
]  # fmt: skip
