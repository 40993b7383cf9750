"""Calls of sums, means, extremes over axes, and of the matrix product."""

import numpy as np

from .operation import Operation, torch


def axes(d, shape, several=True):
    """Draw no axis at all (None), one, or several."""
    if not d.maybe(75):
        return None
    return d.dims(shape) if several and d.maybe(40) else d.dim(shape)


def over(dtypes, several=True, empty=True, needed=False, values=None):
    """Draw an array, the axes, and keepdim."""

    def draw(d):
        shape, dtype = d.shape(empty=empty), d.pick(*dtypes)
        x = d.array(shape, dtype, values or d.values())
        dim = axes(d, shape, several)
        if dim is None and needed:
            dim = d.dim(shape)
        if dim is None:
            return (x,), {}
        return (x, dim), {"keepdim": True} if d.maybe(40) else {}

    return draw


def axis_of(x, dim):
    """Return NumPy's axis: a number has none."""
    if dim is None or (x.ndim == 0):
        return None if dim is None else ()
    return dim


def reduced(function, pick=False):
    """Return a reference: NumPy's function over ``dim``."""

    def reference(x, dim=None, keepdim=False, **options):
        return function(x, axis=axis_of(x, dim), keepdims=keepdim, **options)

    return reference


def wide_sum(x, dim=None, keepdim=False):
    return np.sum(x, axis=axis_of(x, dim), keepdims=keepdim, dtype=np.int64 if x.dtype.kind in "biu" else None)


def spread(d):
    args, options = over(FLOATS)(d)
    kind = d.pick(0, 0, 1, 2)
    if kind == 1:
        options = {**options, "unbiased": d.maybe(50)}
    elif kind == 2:
        options = {**options, "correction": d.pick(1, 0, 2, 0.5)}
    if kind and len(args) == 1:
        args = (*args, None)
    return args, options


def not_noise(function):
    """PyTorch's spread; where it is small beside the mean, which PyTorch rounds, its slope is noise."""

    def call(x, dim=None, *args, **options):
        out = getattr(torch, function)(x, dim, *args, **options)
        least = 3e-3 if x.dtype == torch.float32 else 1e-5
        if x.numel() and not bool(((out > least * x.detach().abs().max()) & out.isfinite()).all()):
            raise ValueError("noise, or NaN")
        return out

    return call


def variance(x, dim=None, unbiased=True, keepdim=False, *, correction=None):
    correction = correction if correction is not None else int(unbiased)
    axis = axis_of(x, dim)
    mean = x.mean(axis, keepdims=True) if axis != () else x
    total = np.square(x - mean).sum(axis, keepdims=True) if axis != () else x - x
    count = x.size // max(total.size, 1) if axis != () else 1
    count = _count(x, axis)
    out = total / max(count - correction, 0) if count - correction > 0 else total / np.float64(0)
    return out if keepdim else out.reshape(_left(x, axis))


def _count(x, axis):
    if axis is None:
        return x.size
    taken = (axis,) if isinstance(axis, int) else axis
    return int(np.prod([x.shape[i] for i in taken]))


def _left(x, axis):
    if axis is None:
        return ()
    taken = {i % max(x.ndim, 1) for i in ((axis,) if isinstance(axis, int) else axis)}
    return tuple(length for i, length in enumerate(x.shape) if i not in taken)


def logsumexp(x, dim, keepdim=False):
    axis = axis_of(x, dim)
    if axis == ():
        return x
    return np.logaddexp.reduce(x, axis=axis, keepdims=keepdim) if isinstance(axis, int) else _several(x, axis, keepdim)


def _several(x, axes_, keepdim):
    for axis in axes_:
        x = np.logaddexp.reduce(x, axis=axis, keepdims=True)
    return x if keepdim else x.reshape(_left(x, axes_))


def extreme(value, place):
    """Return the reference of max and min: of everything, along an axis, or of two arrays."""

    def reference(x, dim=None, keepdim=False):
        if isinstance(dim, np.ndarray):
            return value([x, dim], axis=0) if x.shape == dim.shape else value(np.broadcast_arrays(x, dim), axis=0)
        if dim is None:
            return value(x)
        if x.ndim == 0:
            return x, np.int64(0)
        return value(x, axis=dim, keepdims=keepdim), place(x, axis=dim, keepdims=keepdim)

    return reference


def arg(place):
    def reference(x, dim=None, keepdim=False):
        if x.ndim == 0:
            return np.int64(0)
        return place(x, axis=dim, keepdims=keepdim) if dim is not None else place(x)

    return reference


def some(d):
    """Draw an array in which no two are equal, unless something is drawn that decides nothing."""
    return over(("float64", "float32", "int64"), several=False)(d)


def max_or_two(d):
    if d.maybe(15):
        shape, dtype = d.shape(), d.float()
        return (d.array(shape, dtype, d.values()), d.array(shape, dtype, d.values())), {}
    return some(d)


def first_of_ties(name):
    """PyTorch's extreme; where values are equal it may choose another index, whose gradient is as right."""

    def call(x, dim=None, keepdim=False):
        if isinstance(dim, torch.Tensor) or dim is None:
            return getattr(torch, name)(x) if dim is None else getattr(torch, name)(x, dim)
        values, index = getattr(torch, name)(x, dim, keepdim)
        sorted_, _ = torch.sort(x.detach(), dim)
        if x.ndim and x.shape[dim] > 1 and bool((torch.diff(sorted_, dim=dim) == 0).any()):
            raise ValueError("ties: it is not said which")
        return values, index

    return call


def matrices(d):
    dtype, values = d.pick("float64", "float32", "int64"), d.values()
    m, k, n = d.size(), d.size(), d.size()
    left = {0: (k,), 1: (m, k)}[d.pick(1, 0)]
    right = {0: (k,), 1: (k, n)}[d.pick(1, 0)]
    batch = d.shape(0, 2) if d.maybe(40) else ()
    if len(left) == 2:
        left = (*d.fits(batch), *left)
    if len(right) == 2:
        right = (*batch, *right)
    return (d.array(left, dtype, values), d.array(right, dtype, values)), {}


FLOATS = ("float64", "float32")
EVERY = ("float64", "float32", "int64", "int32", "uint8", "bool")

OPERATIONS = [
    Operation("minidet.sum", over(EVERY), wide_sum),
    Operation("minidet.mean", over(FLOATS), reduced(np.mean)),
    Operation("minidet.var", spread, variance, not_noise("var")),
    Operation("minidet.std", spread, lambda *args, **options: np.sqrt(variance(*args, **options)), not_noise("std")),
    Operation("minidet.amax", over((*FLOATS, "int64")), reduced(np.max), own_nan=True),
    Operation("minidet.amin", over((*FLOATS, "int64")), reduced(np.min), own_nan=True),
    Operation("minidet.max", max_or_two, extreme(np.max, np.argmax), first_of_ties("max")),
    Operation("minidet.min", max_or_two, extreme(np.min, np.argmin), first_of_ties("min")),
    Operation("minidet.argmax", some, arg(np.argmax), None),
    Operation("minidet.argmin", some, arg(np.argmin), None),
    Operation("minidet.all", over(EVERY, several=False, values="whole"), reduced(np.all), None),
    Operation("minidet.any", over(EVERY, several=False, values="whole"), reduced(np.any), None),
    Operation("minidet.logsumexp", over(FLOATS, needed=True), logsumexp),
    Operation("minidet.matmul", matrices, np.matmul),
]
