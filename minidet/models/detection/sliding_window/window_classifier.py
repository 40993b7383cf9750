"""What a window shows: the network that a sliding-window detector runs on each of them, or on all of them at once.

window S x S -- conv, pool -- conv, pool -- fully connected -- fully connected --> K scores, background is one
"""

from __future__ import annotations

from .... import nn
from ....errors import bad_argument, integer, shown
from ....nn import functional as F
from ....nn import init
from ...segmentation.sliding_window import WindowConv, WindowLinear


class WindowClassifier(nn.Module):
    """The figure.

    Parameters
    ----------
    num_classes : int
        K.
    window : int
        S.
    widths, kernels : sequence of int
        Channels and kernel of each stage's convolution.
    hidden : int
        Features of the first fully connected layer.
    """

    def __init__(self, num_classes: int, window: int, widths, kernels, hidden: int):
        super().__init__()
        op = "SlidingWindowDetector"
        window, hidden = integer(op, "window", window, 2), integer(op, "hidden", hidden, 1)
        if not widths or len(widths) != len(kernels):
            raise bad_argument(op, "kernels", f"is {shown(kernels)}", f"{len(widths)} numbers, one for each of widths")
        side = window
        for kernel in kernels:
            side -= integer(op, "kernels", kernel, 1) - 1
            if side < 2 or side % 2:
                why = f"before a pooling, maps would have {side} rows"
                raise bad_argument(op, "window", f"is {window}", "a size that is even before each pooling", why)
            side //= 2
        inputs = [3, *widths[:-1]]
        self.window, self.stride = window, 2 ** len(kernels)
        self.convs = nn.ModuleList([WindowConv(c, f, k) for c, f, k in zip(inputs, widths, kernels, strict=True)])
        self.hidden = WindowLinear(widths[-1], hidden, side)
        self.scores = WindowLinear(hidden, num_classes, 1)
        init.normal_(self.scores.weight, 0.0, 0.01)  # all scores near 0: the loss starts near log K

    def forward(self, x, whole: bool = False):
        """Map windows (M, 3, S, S) to scores (M, K), logits; with ``whole``, images to (N, K, rows, columns)."""
        for conv in self.convs:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        spacing = 1 if whole else None
        return self.scores(F.relu(self.hidden(x, spacing)), spacing)

    def multiply_adds(self, height: int, width: int) -> int:
        """Return the multiply-adds for a picture of H x W pixels; of a window, with S x S."""
        total = 0
        for conv in self.convs:
            height, width = height - conv.weight.shape[-1] + 1, width - conv.weight.shape[-1] + 1
            total += height * width * conv.weight.numel()
            height, width = height // 2, width // 2
        side = self.hidden.kernel_shape[-1]
        places = (height - side + 1) * (width - side + 1)
        return total + places * (self.hidden.weight.numel() + self.scores.weight.numel())
