"""Calls of convolutions, their transposes, and the linear map."""

import numpy as np

from minidet.kernels.reference import conv as reference

from . import convolutions
from .images import option, pair
from .operation import Operation

CHANNELS = (1, 2, 3, 4, 5, 8, 15, 16, 17, 24, 32, 33, 40)


def common(d, axes):
    """Draw what all convolutions share: groups, channels per group, filters per group, kernel, stride, dilation."""
    groups = d.pick(1, 1, 1, 1, 2, 3)
    channels, filters = d.pick(*CHANNELS), d.pick(*CHANNELS)
    if d.maybe(10):
        groups, channels, filters = d.pick(4, 8, 16), 1, d.pick(1, 2)
    kernel = tuple(d.pick(1, 2, 3, 3, 4, 5) for _ in range(axes))
    if d.maybe(50):
        kernel = kernel[:1] * axes
    stride = option(d, 1, 1, 2, 2, 3) if axes == 2 else d.pick(1, 2, 3)
    dilation = option(d, 1, 1, 1, 2, 3) if axes == 2 else d.pick(1, 2, 3)
    return groups, channels, filters, kernel, stride, dilation


def sizes(d, axes, room):
    """Draw the pixels of each axis, at least ``room``, fewer where there are many channels."""
    return tuple(max(low, d.size(empty=False) if not d.maybe(30) else d.pick(10, 12, 16, 20)) for low in room)


def conv(axes):
    def draw(d):
        groups, channels, filters, kernel, stride, dilation = common(d, axes)
        padding = option(d, 0, 1, 1, 2) if axes == 2 else d.pick(0, 1, 2)
        pads, steps = (pair(padding), pair(dilation)) if axes == 2 else ((padding,), (dilation,))
        room = [max((k - 1) * s + 1 - 2 * p, 1) for k, s, p in zip(kernel, steps, pads, strict=True)]
        dtype, values = d.float(), d.pick("normal", "normal", "normal", "whole")
        batch = () if d.maybe(8) else (d.pick(1, 2, 3) if not d.maybe(3) else 0,)
        x = d.array((*batch, channels * groups, *sizes(d, axes, room)), dtype, values)
        args = [x, d.array((filters * groups, channels, *kernel), dtype, values)]
        if d.maybe(50):
            args.append(d.array((filters * groups,), dtype))
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        if stride in (1, (1, 1)) and d.maybe(10):
            options["padding"] = d.pick("same", "valid") if not any(p for p in pads) else "same"
        return tuple(args), {key: value for key, value in options.items() if value not in (1, 0) or key == "padding"}

    return draw


def conv2d(d):
    """Draw a small convolution; or one for a path that wants many channels, of those in convolutions.py."""
    if not d.maybe(25):
        return conv(2)(d)
    case = convolutions.draw(np.random.default_rng(d.below(1 << 30)))
    shapes = [(case.n, case.c, *case.size), (case.f, case.c // case.groups, *case.kernel), (case.f,)]
    args = [d.array(shape, case.dtype, "whole") for shape in shapes]
    options = {name: getattr(case, name) for name in ("stride", "padding", "dilation", "groups")}
    return tuple(args[: 2 + case.has_bias]), options


def conv_reference(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if x.ndim < weight.ndim:
        return conv_reference(x[None], weight, bias, stride, padding, dilation, groups)[0]
    if weight.ndim == 3:
        options = [value if isinstance(value, str) else (other, value)
                   for value, other in ((stride, 1), (padding, 0), (dilation, 1))]  # fmt: skip
        return conv_reference(x[:, :, None], weight[:, :, None], bias, *options, groups)[:, :, 0]
    dilation = pair(dilation)
    if padding == "same":
        total = [(k - 1) * s for k, s in zip(weight.shape[2:], dilation, strict=True)]
        x = np.pad(x, ((0, 0), (0, 0), *((t // 2, t - t // 2) for t in total)))
    padding = (0, 0) if isinstance(padding, str) else pair(padding)
    return reference.conv2d(x, weight, bias, pair(stride), padding, dilation, groups)


def transpose(axes):
    def draw(d):
        groups, channels, filters, kernel, stride, dilation = common(d, axes)
        steps, strides = (pair(dilation), pair(stride)) if axes == 2 else ((dilation,), (stride,))
        dtype, values = d.float(), d.pick("normal", "normal", "normal", "whole")
        shape = sizes(d, axes, (1,) * axes)
        least = min((n - 1) * s + (k - 1) * e for n, s, k, e in zip(shape, strides, kernel, steps, strict=True))
        padding = d.pick(*range(min(least // 2 + 1, 3)))
        extra = d.pick(*range(max(min(max(s, e) for s, e in zip(strides, steps, strict=True)), 1)))
        batch = () if d.maybe(8) else (d.pick(1, 2, 3) if not d.maybe(3) else 0,)
        args = [d.array((*batch, channels * groups, *shape), dtype, values),
                d.array((channels * groups, filters, *kernel), dtype, values)]  # fmt: skip
        if d.maybe(50):
            args.append(d.array((filters * groups,), dtype))
        options = {"stride": (stride, 1), "padding": (padding, 0), "output_padding": (extra, 0), "groups": (groups, 1),
                   "dilation": (dilation, 1)}  # fmt: skip
        return tuple(args), {key: value for key, (value, usual) in options.items() if value != usual}

    return draw


def transpose_reference(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    options = (padding, output_padding, groups, dilation)
    if x.ndim < weight.ndim:
        return transpose_reference(x[None], weight, bias, stride, *options)[0]
    if weight.ndim == 3:
        options = ((0, padding), (0, output_padding), groups, (1, dilation))
        return transpose_reference(x[:, :, None], weight[:, :, None], bias, (1, stride), *options)[:, :, 0]
    stride, padding, dilation, extra = pair(stride), pair(padding), pair(dilation), pair(output_padding)
    axes = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, extra, strict=True)
    size = tuple((n - 1) * s - 2 * p + (k - 1) * e + 1 + more for n, k, s, p, e, more in axes)
    out = reference.conv2d_input_grad(x, weight, size, stride, padding, dilation, groups)
    return out if bias is None else out + bias[:, None, None]


def linear(d):
    batch, dtype = d.shape(0, 3), d.float()
    inside, outside = d.size(), d.size()
    args = [d.array((*batch, inside), dtype, d.values()), d.array((outside, inside), dtype, d.values())]
    if d.maybe(60):
        args.append(d.array((outside,), dtype))
    return tuple(args), {}


def linear_reference(x, weight, bias=None):
    out = x @ weight.T
    return out if bias is None else out + bias


def one_hot(d):
    shape, classes = d.shape(empty=False), d.between(1, 6)
    labels = d.array(shape, "int64", "labels", high=classes)
    return (labels, classes + d.between(0, 3)) if d.maybe(60) else (labels,), {}


def one_hot_reference(labels, classes=-1):
    return np.eye(classes if classes != -1 else labels.max() + 1, dtype=np.int64)[labels]


OPERATIONS = [
    Operation("F.conv1d", conv(1), conv_reference),
    Operation("F.conv2d", conv2d, conv_reference),
    Operation("F.conv_transpose1d", transpose(1), transpose_reference),
    Operation("F.conv_transpose2d", transpose(2), transpose_reference),
    Operation("F.linear", linear, linear_reference),
    Operation("F.one_hot", one_hot, one_hot_reference),
]
