"""Convolution layers: the functions of ``functional.conv``, with their weights."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...autograd.from_data import read_tensor
from ...autograd.tensor import wrap
from ...errors import bad_argument, check_choice, check_rank, check_room, flag, integer, integers, shown
from ...random import generator
from .. import init
from ..functional.conv import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from ..module import Module
from ..parameter import Parameter


class _Layer(Module):
    """What the four layers share: checked geometry, weights, their initial values, the repr."""

    axes: int
    transposed = False

    def _build(self, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
               output_padding, rng) -> None:  # fmt: skip
        """Check the options, and make the weights: all that a constructor does."""
        op = type(self).__name__
        self.in_channels = integer(op, "in_channels", in_channels, 1)
        self.out_channels = integer(op, "out_channels", out_channels, 1)
        self.kernel_size = integers(op, "kernel_size", kernel_size, self.axes, 1)
        self.stride = integers(op, "stride", stride, self.axes, 1)
        if isinstance(padding, str) and not self.transposed:
            check_choice(op, "padding", padding, ("same", "valid"))
            if padding == "same" and max(self.stride) > 1:
                why = "with strides the result is smaller than the image"
                raise bad_argument(op, "padding", f"is 'same' with stride {self.stride}", "stride 1", why)
            self.padding = padding
        else:
            self.padding = integers(op, "padding", padding, self.axes, 0)
        self.dilation = integers(op, "dilation", dilation, self.axes, 1)
        self.output_padding = integers(op, "output_padding", output_padding, self.axes, 0)
        self.groups = integer(op, "groups", groups, 1)
        for argument, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise bad_argument(op, argument, f"is {channels}", f"a multiple of groups = {groups}")
        check_choice(op, "padding_mode", padding_mode, ("zeros",))
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (first, second // groups, *self.kernel_size)
        check_room(op, "the weight", f"has shape {shape}", *shape)
        bias = flag(op, "bias", bias)
        self.weight = Parameter(wrap(np.empty(shape, np.float32)))
        self.register_parameter("bias", Parameter(wrap(np.empty(out_channels, np.float32))) if bias else None)
        self.reset_parameters(generator(rng, op))

    def reset_parameters(self, rng: np.random.Generator | None = None) -> None:
        """Draw new initial values: U(-r, r), r = 1 / sqrt(fan_in), for weight and bias."""
        init.kaiming_uniform_(self.weight, math.sqrt(5.0), rng=rng)
        if self.bias is not None:
            bound = 1 / math.sqrt(init.fans(self.weight)[0])
            init.uniform_(self.bias, -bound, bound, rng=rng)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        none = (0,) * self.axes
        text += f", padding={self.padding}" if self.padding != none else ""
        text += f", dilation={self.dilation}" if self.dilation != (1,) * self.axes else ""
        text += f", output_padding={self.output_padding}" if self.output_padding != none else ""
        text += f", groups={self.groups}" if self.groups != 1 else ""
        return text + (", bias=False" if self.bias is None else "")


class _Conv(_Layer):
    """What Conv1d and Conv2d share: everything but the number of axes."""

    function: Callable

    def __init__(self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0, dilation=1,
                 groups: int = 1, bias: bool = True, padding_mode: str = "zeros", *,
                 rng: np.random.Generator | None = None):  # fmt: skip
        super().__init__()
        self._build(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                    0, rng)  # fmt: skip

    def forward(self, input):
        return self.function(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Conv1d(_Conv):
    """Convolution of rows: (N, C, L) to (N, F, OL). Arguments as in :class:`Conv2d`; weight (F, C / groups, K)."""

    axes, function = 1, staticmethod(conv1d)


class Conv2d(_Conv):
    """Convolution of images: (N, C, H, W) to (N, F, OH, OW); see :func:`minidet.nn.functional.conv2d`.

    Parameters
    ----------
    in_channels, out_channels : int
        C and F.
    kernel_size, stride, dilation : int or tuple of int
        Per axis.
    padding : int, tuple of int, "same" or "valid"
        Zeros on each side.
    groups : int
        Parts that C and F are cut into; in_channels makes a depthwise convolution.
    bias : bool
        Whether a bias is added.
    padding_mode : {"zeros"}
        Only zeros.
    rng : numpy.random.Generator, optional
        Source of the initial values.

    Attributes
    ----------
    weight : Parameter
        (F, C / groups, KH, KW).
    bias : Parameter or None
        (F,).
    """

    axes, function = 2, staticmethod(conv2d)
    result_is_new = True  # an array of its own, over which an activation may write


class _ConvTranspose(_Layer):
    """What ConvTranspose1d and ConvTranspose2d share: everything but the number of axes."""

    transposed = True
    function: Callable

    def __init__(self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0, output_padding=0,
                 groups: int = 1, bias: bool = True, dilation=1, padding_mode: str = "zeros", *,
                 rng: np.random.Generator | None = None):  # fmt: skip
        super().__init__()
        self._build(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                    output_padding, rng)  # fmt: skip

    def forward(self, input, output_size=None):
        """Return the enlarged image; ``output_size`` (its last axes) chooses ``output_padding`` for this call."""
        extra = self._output_padding(input, output_size)
        return self.function(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups,
                             self.dilation)  # fmt: skip

    def _output_padding(self, input, output_size) -> tuple[int, ...]:
        """Return the output_padding that leads to ``output_size``: its last axes are the result's."""
        if output_size is None:
            return self.output_padding
        op = type(self).__name__
        if not isinstance(output_size, (tuple, list)) or len(output_size) < self.axes:
            expected = f"{self.axes} integers (N and F may precede)"
            raise bad_argument(op, "output_size", f"is {shown(output_size)}", expected)
        wanted = integers(op, "output_size", tuple(output_size)[-self.axes :], self.axes, 1)
        input = read_tensor(op, "input", input)
        check_rank(op, "input", input, self.axes + 1, self.axes + 2)
        geometry = zip(
            input.shape[-self.axes :], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
        )
        smallest = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in geometry)
        extra = tuple(w - n for w, n in zip(wanted, smallest, strict=True))
        if any(not 0 <= e < max(s, d) for e, s, d in zip(extra, self.stride, self.dilation, strict=True)):
            largest = tuple(n + max(s, d) - 1 for n, s, d in zip(smallest, self.stride, self.dilation, strict=True))
            raise bad_argument(op, "output_size", f"is {wanted}", f"from {smallest} to {largest}",
                               f"input has shape {input.shape}")  # fmt: skip
        return extra


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of rows: (N, C, L) to (N, F, OL). Arguments as in :class:`ConvTranspose2d`."""

    axes, function = 1, staticmethod(conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution: (N, C, H, W) to (N, F, OH, OW); see :func:`minidet.nn.functional.conv_transpose2d`.

    Parameters
    ----------
    in_channels, out_channels : int
        C and F.
    kernel_size, stride, padding, output_padding, dilation : int or tuple of int
        Per axis. ``stride`` is the factor of enlargement.
    groups : int
        Parts that C and F are cut into.
    bias : bool
        Whether a bias is added.
    padding_mode : {"zeros"}
        Only zeros.
    rng : numpy.random.Generator, optional
        Source of the initial values.

    Attributes
    ----------
    weight : Parameter
        (C, F / groups, KH, KW).
    bias : Parameter or None
        (F,).
    """

    axes, function = 2, staticmethod(conv_transpose2d)
