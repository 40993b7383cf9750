"""Calls of x[...], gather, and what joins and cuts."""

import numpy as np

from .array import Array
from .operation import Operation

EVERY = ("float64", "float32", "int64")


def item(d):
    """Draw an array and an index: numbers, slices, None, ..., and arrays or masks."""
    shape = d.shape(0, 4)
    x = d.array(shape, d.pick(*EVERY), "normal")
    together = d.shape(0, 2)  # what the arrays of integers broadcast to
    parts, place, dots = [], 0, False
    while place < len(shape) and not d.maybe(15):
        kind = d.pick("slice", "number", "array", "none", "dots", "mask", "list")
        length = shape[place]
        if kind == "none":
            parts.append(None)
            continue
        if kind == "dots":
            if dots:
                continue
            parts.append(...)
            dots = True
            place += d.below(len(shape) - place + 1)
            continue
        if kind == "slice":
            parts.append(slice(d.pick(None, 0, 1, -2, 5), d.pick(None, 2, -1, 9), d.pick(None, 1, 2, 3)))
        elif kind == "number" and length:
            parts.append(d.between(-length, length - 1))
        elif kind == "array" and (length or 0 in together):
            shape_ = tuple(1 if d.maybe(20) else size for size in together)
            parts.append(d.array(shape_, "int64", "whole", low=-length, high=max(length, 1)))
        elif kind == "list" and length and not together:
            parts.append([d.between(-length, length - 1)])
        elif kind == "mask" and not any(isinstance(part, Array) for part in parts):
            axes_ = d.between(1, len(shape) - place)
            parts.append(d.array(shape[place : place + axes_], "bool"))
            place += axes_ - 1
            together = None
        else:
            parts.append(slice(None))
        place += 1
        if together is None:
            break
    index = tuple(parts)
    return (x, index[0] if len(index) == 1 and d.maybe(50) else index), {}


def numbers_first(x, index):
    """x[index] with PyTorch's rule: numbers, slices and None are taken first, then all arrays together."""
    index = index if isinstance(index, tuple) else (index,)
    index = tuple(np.asarray(part) if isinstance(part, list) else part for part in index)
    index = tuple(
        int(part) if getattr(part, "shape", None) == () and part.dtype != np.bool_ else part for part in index
    )
    used = sum(part.ndim if getattr(part, "dtype", None) == np.bool_ else 1
               for part in index if part is not None and part is not ...)  # fmt: skip
    if not any(part is ... for part in index):
        index = (*index, ...)
    basic, later = [], []
    for part in index:
        if part is ...:
            basic += [slice(None)] * (x.ndim - used)
            later += [slice(None)] * (x.ndim - used)
        elif isinstance(part, np.ndarray):
            basic += [slice(None)] * (part.ndim if part.dtype == bool else 1)
            later.append(part)
        else:
            basic.append(part)
            if not isinstance(part, int):
                later.append(slice(None))
    x = x[tuple(basic)]
    return x[tuple(later)] if later else x


def gather(d):
    shape = d.shape(1, 4)
    dim = d.dim(shape)
    sizes = [d.between(0, length) if d.maybe(30) else length for length in shape]
    sizes[dim] = d.size() if shape[dim] else 0
    return (d.array(shape, d.pick(*EVERY), "normal"), dim,
            d.array(sizes, "int64", "labels", high=max(shape[dim], 1))), {}  # fmt: skip


def gather_reference(x, dim, index):
    cut = tuple(slice(None) if i == dim % x.ndim else slice(length) for i, length in enumerate(index.shape))
    return np.take_along_axis(x[cut], index, dim)


def cat(d):
    shape, dtype = list(d.shape(1, 4)), d.pick(*EVERY)
    dim, arrays = d.dim(shape), []
    for _ in range(d.between(1, 4)):
        shape[dim] = d.size()
        arrays.append(d.array(tuple(shape), dtype, "normal"))
    if d.maybe(10):
        arrays.insert(d.below(len(arrays) + 1), d.array((0,), dtype))
    if d.maybe(10):
        arrays.append(arrays[0])
    return (arrays if d.maybe(50) else tuple(arrays), dim), {}


def cat_reference(arrays, dim=0):
    kept = [array for array in arrays if array.shape != (0,)]
    return np.concatenate(kept or arrays, dim)


def stack(d):
    shape, dtype = d.shape(), d.pick(*EVERY)
    arrays = [d.array(shape, dtype, "normal") for _ in range(d.between(1, 4))]
    return (arrays, d.dim((*shape, 1))), {}


def split(d):
    shape = d.shape(1, 4)
    dim = d.dim(shape)
    x, length = d.array(shape, d.pick(*EVERY), "normal"), shape[dim]
    if d.maybe(40):
        sizes = []
        while sum(sizes) < length:
            sizes.append(d.between(0 if len(sizes) < 20 else 1, length - sum(sizes)))
        return (x, sizes or [0], dim), {}
    return (x, d.between(1, length + 2), dim), {}


def split_reference(x, size, dim=0):
    length = x.shape[dim]
    if isinstance(size, int):
        size = [min(size, length - start) for start in range(0, length, size)] or [0]
    ends = np.cumsum(size)[:-1]
    return tuple(np.split(x, ends, dim))


def chunk(d):
    shape = d.shape(1, 4)
    return (d.array(shape, d.pick(*EVERY), "normal"), d.between(1, 6), d.dim(shape)), {}


def chunk_reference(x, chunks, dim=0):
    length = x.shape[dim]
    if not length:
        return (x,) * chunks
    return split_reference(x, -(-length // chunks), dim)


def unbind(d):
    shape = d.shape(1, 4)
    return (d.array(shape, d.pick(*EVERY), "normal"), d.dim(shape)), {}


def unbind_reference(x, dim=0):
    return tuple(np.moveaxis(x, dim, 0))


def pad(d):
    shape = d.shape(1, 4)
    pads = []
    for length in reversed(shape[d.below(len(shape)) :]):
        before = d.pick(0, 1, 2, 3, -1)
        pads += [before, d.pick(0, 1, 2, 3, -1 if length + before > 0 else 0)]
    options = {} if d.maybe(50) else {"value": d.number()}
    return (d.array(shape, d.float(), d.values()), tuple(pads)), options


def pad_reference(x, pads, mode="constant", value=0.0):
    pairs = [(0, 0)] * (x.ndim - len(pads) // 2) + [tuple(pads[i : i + 2]) for i in range(len(pads) - 2, -1, -2)]
    if any(max(-a, 0) + max(-b, 0) > length for (a, b), length in zip(pairs, x.shape, strict=True)):
        raise ValueError("cuts more than there is")
    x = x[tuple(slice(max(-a, 0), length - max(-b, 0)) for (a, b), length in zip(pairs, x.shape, strict=True))]
    return np.pad(x, [(max(a, 0), max(b, 0)) for a, b in pairs], constant_values=value or 0.0)


OPERATIONS = [
    Operation("Tensor.__getitem__", item, numbers_first),
    Operation("minidet.gather", gather, gather_reference),
    Operation("minidet.cat", cat, cat_reference),
    Operation("minidet.concatenate", cat, cat_reference),
    Operation("minidet.stack", stack, np.stack),
    Operation("minidet.split", split, split_reference),
    Operation("minidet.chunk", chunk, chunk_reference),
    Operation("minidet.unbind", unbind, unbind_reference),
    Operation("F.pad", pad, pad_reference),
]
