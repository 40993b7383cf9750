"""Calls of views and copies in another shape."""

import numpy as np

from .operation import Operation

EVERY = ("float64", "float32", "int64", "bool")


def any_array(d, low=0, high=4, **options):
    dtype = d.pick(*EVERY)
    return d.array(d.shape(low, high), dtype, "normal", **options)


def new_shape(d, shape):
    """Draw another shape of as many elements, at times with one -1."""
    left, parts = int(np.prod(shape)), []
    if not left:
        return shape
    for _ in range(d.between(0, 3)):
        factors = [k for k in range(1, min(left, 16) + 1) if left % k == 0]
        parts.append(d.pick(*factors))
        left //= parts[-1]
    if left > 1 or not parts:
        parts.append(left)
    if d.maybe(30):
        parts[d.below(len(parts))] = -1
    return tuple(parts)


def reshape(d):
    x = any_array(d)
    return (x, new_shape(d, x.shape)), {}


def view(d):
    x = any_array(d, layout=False)
    return (x, new_shape(d, x.shape)), {}


def view_as(d):
    x = any_array(d, layout=False)
    shape = tuple(np.zeros(x.shape, bool).reshape(new_shape(d, x.shape)).shape)
    return (x, d.array(shape, "float64")), {}


def flatten(d):
    x = any_array(d)
    if d.maybe(40):
        return (x,), {}
    start = d.dim(x.shape)
    ends = [end for end in range(len(x.shape) or 1) if end >= start % max(len(x.shape), 1)]
    end = d.pick(*ends)
    return (x, start, end - max(len(x.shape), 1) if d.maybe(50) else end), {}


def flatten_reference(x, start=0, end=-1):
    shape = x.shape or (1,)
    start, end = start % len(shape), end % len(shape)
    return x.reshape(*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :])


def with_ones(d):
    shape = tuple(1 if d.maybe(40) else length for length in d.shape())
    return d.array(shape, d.pick(*EVERY), "normal")


def squeeze(d):
    x = with_ones(d)
    if d.maybe(40):
        return (x,), {}
    return (x, d.dims(x.shape) if d.maybe(40) and x.shape else d.dim(x.shape)), {}


def squeeze_reference(x, dim=None):
    if x.ndim == 0:
        return x
    dims = range(x.ndim) if dim is None else [i % x.ndim for i in ((dim,) if isinstance(dim, int) else dim)]
    return x.reshape([length for i, length in enumerate(x.shape) if not (i in dims and length == 1)])


def unsqueeze(d):
    x = any_array(d)
    return (x, d.dim((*x.shape, 1))), {}


def permute(d):
    x = any_array(d)
    left = list(range(len(x.shape)))
    dims = tuple(left.pop(d.below(len(left))) for _ in x.shape)
    return (x, tuple(i - len(dims) if d.maybe(30) else i for i in dims)), {}


def transpose(d):
    x = any_array(d)
    return (x, d.dim(x.shape), d.dim(x.shape)), {}


def transpose_reference(x, a, b):
    return np.swapaxes(x, a, b) if x.ndim else x


def flip(d):
    x = any_array(d)
    return (x, d.dims(x.shape)), {}


def broadcast(d):
    shape = d.shape()
    return (d.array(d.fits(shape), d.pick(*EVERY), "normal"), shape), {}


def expand(d):
    (x, shape), _ = broadcast(d)
    first = len(shape) - len(x.shape)
    return (x, tuple(-1 if i >= first and d.maybe(30) and x.shape[i - first] == length else length
                     for i, length in enumerate(shape))), {}  # fmt: skip


def expand_reference(x, shape):
    first = len(shape) - x.ndim
    return np.broadcast_to(x, [x.shape[i - first] if length == -1 else length for i, length in enumerate(shape)])


def expand_as(d):
    (x, shape), _ = broadcast(d)
    return (x, d.array(shape, "float64")), {}


def to(d):
    return (d.array(d.shape(), d.pick(*EVERY), "whole", low=0), d.pick("float32", "float64", "int64", "bool")), {}


def to_torch(x, dtype):
    from .operation import torch

    return x.to(getattr(torch, dtype))


def to_minidet(x, dtype):
    import minidet

    return x.to(getattr(minidet, dtype))


OPERATIONS = [
    Operation("minidet.reshape", reshape, np.reshape),
    Operation("Tensor.view", view, np.reshape),
    Operation("Tensor.view_as", view_as, lambda x, other: x.reshape(other.shape)),
    Operation("minidet.flatten", flatten, flatten_reference),
    Operation("minidet.squeeze", squeeze, squeeze_reference),
    Operation("minidet.unsqueeze", unsqueeze, np.expand_dims),
    Operation("minidet.permute", permute, np.transpose),
    Operation("minidet.transpose", transpose, transpose_reference),
    Operation("minidet.t", lambda d: ((any_array(d, 0, 2),), {}), np.transpose),
    Operation("Tensor.mT", lambda d: ((any_array(d, 2, 4),), {}), lambda x: np.swapaxes(x, -1, -2),
              lambda x: x.mT, lambda x: x.mT),
    Operation("minidet.broadcast_to", broadcast, np.broadcast_to),
    Operation("Tensor.expand", expand, expand_reference),
    Operation("Tensor.expand_as", expand_as, lambda x, other: np.broadcast_to(x, other.shape)),
    Operation("minidet.flip", flip, np.flip),
    Operation("minidet.clone", lambda d: ((any_array(d),), {}), lambda x: x),
    Operation("Tensor.contiguous", lambda d: ((any_array(d),), {}), lambda x: x),
    Operation("Tensor.to", to, lambda x, dtype: x.astype(dtype), to_torch, to_minidet),
]  # fmt: skip
