"""Pooling layers: the functions of ``functional.pool``, with their options kept."""

from __future__ import annotations

from ...errors import bad_argument, integer, shown
from ..functional.pool import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, check_window, max_pool2d
from ..module import Module


class MaxPool2d(Module):
    """The largest value of every window: (N, C, H, W) to (N, C, OH, OW); see :func:`functional.max_pool2d`.

    Parameters
    ----------
    kernel_size : int or (int, int)
        KH and KW.
    stride : int or (int, int), optional
        Pixels from one window to the next; the default is ``kernel_size``.
    padding, dilation : int or (int, int)
        Border, and pixels from one tap to the next.
    return_indices : bool
        Return ``(values, indices)``: what :class:`MaxUnpool2d` takes.
    ceil_mode : bool
        Count windows that end outside too.
    """

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices: bool = False,
                 ceil_mode: bool = False):  # fmt: skip
        super().__init__()
        check_window("MaxPool2d", kernel_size, stride, padding)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input):
        return max_pool2d(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
                          self.return_indices)  # fmt: skip

    def extra_repr(self) -> str:
        return (f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
                f"dilation={self.dilation}, ceil_mode={self.ceil_mode}")  # fmt: skip


class AvgPool2d(Module):
    """The mean of every window: (N, C, H, W) to (N, C, OH, OW); see :func:`functional.avg_pool2d`.

    Parameters
    ----------
    kernel_size : int or (int, int)
        KH and KW.
    stride : int or (int, int), optional
        Pixels from one window to the next; the default is ``kernel_size``.
    padding : int or (int, int)
        Border of zeros.
    ceil_mode : bool
        Count windows that end outside too.
    count_include_pad : bool
        Whether the divisor counts the border's pixels.
    divisor_override : int, optional
        The divisor.
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True,
                 divisor_override: int | None = None):  # fmt: skip
        super().__init__()
        check_window("AvgPool2d", kernel_size, stride, padding)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input):
        return avg_pool2d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
                          self.divisor_override)  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AdaptivePool(Module):
    """What the two adaptive layers share."""

    def __init__(self, output_size):
        super().__init__()
        op = type(self).__name__
        sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
        if len(sizes) != 2:
            raise bad_argument(op, "output_size", f"is {shown(output_size)}", "an integer, None, or two of them")
        for size in sizes:
            if size is not None:
                integer(op, "output_size", size, 1)
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool2d(_AdaptivePool):
    """The means of a grid of windows: (N, C, H, W) to (N, C, OH, OW) for any H and W.

    Parameters
    ----------
    output_size : int or (int or None, int or None)
        OH and OW; None keeps H or W. ``1`` averages whole planes.
    """

    def forward(self, input):
        return adaptive_avg_pool2d(input, self.output_size)


class AdaptiveMaxPool2d(_AdaptivePool):
    """The largest values of a grid of windows: (N, C, H, W) to (N, C, OH, OW) for any H and W.

    Parameters
    ----------
    output_size : int or (int or None, int or None)
        OH and OW; None keeps H or W.
    return_indices : bool
        Return ``(values, indices)``.
    """

    def __init__(self, output_size, return_indices: bool = False):
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input):
        return adaptive_max_pool2d(input, self.output_size, self.return_indices)
