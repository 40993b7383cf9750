"""Unpooling layers: the functions of ``functional.unpool``, with their options kept."""

from __future__ import annotations

from ...errors import integers
from ..functional.unpool import bed_of_nails2d, max_unpool2d
from ..module import Module


class _Unpool(Module):
    """What both layers share: a window and its stride."""

    def _set_window(self, kernel_size, stride) -> None:
        op = type(self).__name__
        self.kernel_size = integers(op, "kernel_size", kernel_size, 2, 1)
        self.stride = self.kernel_size if stride is None else integers(op, "stride", stride, 2, 1)


class MaxUnpool2d(_Unpool):
    """Values back to where max pooling found them, zeros elsewhere: (N, C, H, W) to (N, C, OH, OW).

    Parameters
    ----------
    kernel_size, stride, padding : int or (int, int)
        Those of the ``MaxPool2d`` whose indices it will get; the stride defaults to ``kernel_size``.
    """

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self._set_window(kernel_size, stride)
        self.padding = integers("MaxUnpool2d", "padding", padding, 2, 0)

    def forward(self, input, indices, output_size=None):
        """Return the larger image; ``output_size`` (OH, OW) says how large where pooling rounded down."""
        return max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class BedOfNails2d(_Unpool):
    """Every value into the top left corner of its block, zeros elsewhere: (N, C, H, W) to (N, C, OH, OW).

    Parameters
    ----------
    kernel_size : int or (int, int)
        Size of a block.
    stride : int or (int, int), optional
        Pixels from one corner to the next; the default is ``kernel_size``.
    """

    def __init__(self, kernel_size, stride=None):
        super().__init__()
        self._set_window(kernel_size, stride)

    def forward(self, input, output_size=None):
        """Return the larger image, of size ``output_size`` (OH, OW) if given."""
        return bed_of_nails2d(input, self.kernel_size, self.stride, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}"
