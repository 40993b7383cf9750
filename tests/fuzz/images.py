"""Calls of pooling, unpooling and resizing."""

import math

import numpy as np

from minidet.kernels.reference import pool, unpool, upsample

from .operation import Operation


def pair(value) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def image(d, smallest=(1, 1), values=None):
    """Draw a batch of images, or one image."""
    height, width = (low - 1 + d.size(empty=False) for low in smallest)
    if height * width > 2000:
        width = smallest[1]
    channels = d.pick(1, 2, 3, 5, 16, 17) if height * width < 200 else 1
    shape = (d.pick(1, 2, 3) if not d.maybe(4) else 0, channels, height, width)
    return d.array(shape[1:] if d.maybe(10) else shape, d.float(), values or d.values())


def option(d, *values):
    """Draw one value for both axes, or one for each."""
    return d.pick(*values) if d.maybe(60) else (d.pick(*values), d.pick(*values))


def windows(d, dilated=True):
    """Draw the options of a pooling and the smallest image that has room for one window."""
    kernel = option(d, 2, 1, 3, 4, 5)
    options = {} if d.maybe(40) else {"stride": option(d, 1, 2, 3, 4)}
    padding = option(d, 0, 1) if min(pair(kernel)) > 1 else 0
    if padding != 0:
        options["padding"] = padding
    if dilated and d.maybe(30):
        options["dilation"] = option(d, 1, 2, 3)
    if d.maybe(30):
        options["ceil_mode"] = True
    sizes = zip(pair(kernel), pair(padding), pair(options.get("dilation", 1)), strict=True)
    return kernel, options, tuple(max((k - 1) * step + 1 - 2 * p, 1, (step - 1) if p else 1) for k, p, step in sizes)


def count(size, k, s, p, step, ceil_mode):
    """Return how many windows fit, as PyTorch counts them."""
    room = size + 2 * p - step * (k - 1) - 1
    n = (-(-room // s) if ceil_mode else room // s) + 1
    return n - 1 if ceil_mode and (n - 1) * s >= size + p else n


def counts(x, kernel, stride, padding, dilation, ceil_mode):
    return tuple(count(*axis, ceil_mode) for axis in zip(x.shape[-2:], kernel, stride, padding, dilation, strict=True))


def batched(function, x, *rest):
    """Call with a batch, also for one image."""
    if x.ndim == 4:
        return function(x, *rest)
    out = function(x[None], *rest)
    return tuple(part[0] for part in out) if isinstance(out, tuple) else out[0]


def max_pool(d):
    kernel, options, smallest = windows(d)
    if d.maybe(30):
        options["return_indices"] = True
    x = image(d, smallest)
    if "dilation" in options and has_empty_window(x.shape, kernel, **options):
        del options["dilation"]
    return (x, kernel), options


def has_empty_window(shape, kernel, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Tell whether a dilated window steps over the whole image: minidet refuses it, PyTorch writes where it should not."""
    axes = zip(shape[-2:], pair(kernel), pair(kernel if stride is None else stride), pair(padding), pair(dilation),
               strict=True)  # fmt: skip
    for size, k, s, p, step in axes:
        start = np.arange(count(size, k, s, p, step, ceil_mode)) * s - p
        if np.any(np.where(start < 0, start % step, start) >= size):
            return True
    return False


def max_pool_reference(x, kernel, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    kernel, padding, dilation = pair(kernel), pair(padding), pair(dilation)
    stride = kernel if stride is None else pair(stride)
    size = counts(x, kernel, stride, padding, dilation, ceil_mode)
    out = batched(lambda x: pool.max_pool2d(x, kernel, stride, padding, dilation, size), x)
    return out if return_indices else out[0]


def avg_pool(d):
    kernel, options, smallest = windows(d, dilated=False)
    if d.maybe(30):
        options["count_include_pad"] = False
    if d.maybe(20):
        options["divisor_override"] = d.pick(1, 2, -3, 7)
    return (image(d, smallest), kernel), options


def avg_pool_reference(x, kernel, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
                       divisor_override=None):  # fmt: skip
    kernel, padding = pair(kernel), pair(padding)
    stride = kernel if stride is None else pair(stride)
    size = counts(x, kernel, stride, padding, (1, 1), ceil_mode)
    options = (kernel, stride, padding, count_include_pad, divisor_override, size)
    return batched(lambda x: pool.avg_pool2d(x, *options), x)


def adaptive(d):
    return (image(d), option(d, 1, 2, 3, 5, 7, None)), {}


def adaptive_max(d):
    args, _ = adaptive(d)
    return args, {"return_indices": True} if d.maybe(40) else {}


def adaptive_size(x, size):
    return tuple(length if o is None else o for length, o in zip(x.shape[-2:], pair(size), strict=True))


def adaptive_avg_reference(x, size):
    return batched(lambda x: pool.adaptive_avg_pool2d(x, adaptive_size(x, size)), x)


def adaptive_max_reference(x, size, return_indices=False):
    out = batched(lambda x: pool.adaptive_max_pool2d(x, adaptive_size(x, size)), x)
    return out if return_indices else out[0]


# back to larger images ------------------------------------------------------------------------------------------


def grown(d, shape, kernel, stride, padding):
    """Draw the size of an unpooled image: None for the usual one, which is returned too."""
    sizes = zip(shape[-2:], pair(kernel), pair(kernel if stride is None else stride), pair(padding), strict=True)
    usual, other = [], []
    for length, k, s, p in sizes:
        usual.append((length - 1) * s - 2 * p + k)
        other.append(usual[-1] + d.between(0, s - 1))
    return None if min(usual) > 0 and d.maybe(50) else tuple(max(o, 1) for o in other), tuple(usual)


def unpooling(d):
    x = image(d, values="normal")
    kernel = option(d, 2, 1, 3)
    options = {} if d.maybe(50) else {"stride": option(d, 1, 2, 3)}
    size, usual = grown(d, x.shape, kernel, options.get("stride"), 0)
    if size is not None:
        options["output_size"] = size
    return x, kernel, options, size or usual


def max_unpool(d):
    x, kernel, options, size = unpooling(d)
    if size[0] * size[1] < x.shape[-2] * x.shape[-1]:
        options["output_size"] = size = None
        options.pop("output_size")
        kernel, options = 2, {}
        size = (2 * x.shape[-2], 2 * x.shape[-1])
    return (x, d.array(x.shape, "int64", "places", high=size[0] * size[1]), kernel), options


def unpooled(x, kernel, stride, output_size):
    stride = pair(kernel if stride is None else stride)
    usual = ((length - 1) * s + k for length, k, s in zip(x.shape[-2:], pair(kernel), stride, strict=True))
    return tuple(output_size or usual), stride


def max_unpool_reference(x, indices, kernel, stride=None, padding=0, output_size=None):
    size, _ = unpooled(x, kernel, stride, output_size)
    out = unpool.max_unpool2d(x if x.ndim == 4 else x[None], indices if x.ndim == 4 else indices[None], size)
    return out if x.ndim == 4 else out[0]


def nails(d):
    x, kernel, options, _ = unpooling(d)
    return (x, kernel), options


def nails_reference(x, kernel, stride=None, output_size=None):
    size, stride = unpooled(x, kernel, stride, output_size)
    return batched(lambda x: unpool.bed_of_nails2d(x, stride, size), x)


# resizing --------------------------------------------------------------------------------------------------------


def resize(d):
    shape = image(d).shape
    shape = shape if len(shape) == 4 else (1, *shape)
    x = d.array(shape, d.float(), d.values(special=False))
    options = {"mode": "bilinear"} if d.maybe(60) else {}
    if d.maybe(50):
        options["size"] = option(d, 2, 1, 3, 4, 7, 8, 17)
    else:
        options["scale_factor"] = option(d, 2, 1, 3, 1.5, 1.7, 2.5, 0.65 if min(shape[2:]) > 1 else 1.25)
        if d.maybe(20):
            options["recompute_scale_factor"] = True
    if options.get("mode") and d.maybe(40):
        options["align_corners"] = d.maybe(70)
    return (x,), options


def resize_reference(x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None):
    factors = (None, None)
    if size is None:
        factors = pair(scale_factor)
        size = tuple(math.floor(length * factor) for length, factor in zip(x.shape[2:], factors, strict=True))
        factors = (None, None) if recompute_scale_factor else factors
    size = pair(size)
    scales = [i / o if f is None else 1 / f for i, o, f in zip(x.shape[2:], size, factors, strict=True)]
    if mode == "nearest":
        return upsample.nearest(x, size, scales)
    if align_corners:
        scales = [(i - 1) / (o - 1) if o > 1 else 0.0 for i, o in zip(x.shape[2:], size, strict=True)]
    return upsample.bilinear(x, size, scales, bool(align_corners))


OPERATIONS = [
    Operation("F.max_pool2d", max_pool, max_pool_reference),
    Operation("F.avg_pool2d", avg_pool, avg_pool_reference),
    Operation("F.adaptive_avg_pool2d", adaptive, adaptive_avg_reference),
    Operation("F.adaptive_max_pool2d", adaptive_max, adaptive_max_reference),
    Operation("F.max_unpool2d", max_unpool, max_unpool_reference),
    Operation("F.bed_of_nails2d", nails, nails_reference, None),
    Operation("F.interpolate", resize, resize_reference, steps=True),
]
