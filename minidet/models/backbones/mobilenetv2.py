"""MobileNetV2: Inverted Residuals and Linear Bottlenecks.

Sandler, Howard, Zhu, Zhmoginov, Chen. CVPR 2018, arXiv:1801.04381. Figure 3b and table 2:

    x (C) -- 1 x 1, ReLU6 (t C) -- 3 x 3 depthwise, stride s, ReLU6 (t C) -- 1 x 1, linear (F) -- + --
       |                                                                                          |
       +------------------------------ where s = 1 and C = F -------------------------------------+

    step           0      1    2-3   4-6   7-10   11-13   14-16   17     18
    block       conv 3x3  x1   x2    x3    x4     x3      x3      x1   conv 1x1    mean, dropout, linear
    t                     1    6     6     6      6       6       6
    channels      32      16   24    32    64     96      160     320    1280      K
    stride         2      2    4     8     16     16      32      32     32

A block is wide inside and narrow outside: the depthwise convolution, which costs little, works on many channels, and
what is kept is the narrow result, without a nonlinearity that would destroy a part of it (section 3.2). Batch
normalisation follows every convolution.

Deviations from the paper
-------------------------
- None but those of torchvision, whose parameter names and numbers these are: with a width, channels are rounded to a
  multiple of 8, and the last layer never has fewer than 1280.
"""

from __future__ import annotations

from ... import nn
from ...errors import number
from .contract import Backbone, start_convolutions, start_linear

#: Table 2: expansion t, channels c, blocks n, stride s of the first of them.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def round_channels(channels: float, divisor: int = 8) -> int:
    """Return the nearest multiple of ``divisor``, at least one of it, and not more than a tenth below ``channels``."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


class ConvBNReLU6(nn.Sequential):
    """Convolution that keeps the size but for its stride, batch normalisation, ReLU6."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1, groups: int = 1):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=groups, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU6(inplace=True),
        )


class InvertedResidual(nn.Module):
    """A block of figure 3b: (N, C, H, W) to (N, F, ceil(H / s), ceil(W / s))."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int):
        super().__init__()
        hidden = in_channels * expansion
        expand = [ConvBNReLU6(in_channels, hidden, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            ConvBNReLU6(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.adds = stride == 1 and in_channels == out_channels

    def forward(self, x):
        """Add the input to the result where both have one shape."""
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileNetV2(Backbone):
    """The steps of table 2: maps of strides 2, 4, 8, 16 and 32.

    Parameters
    ----------
    width_mult : float
        Factor of all channels (section 4, "width multiplier"). The maps have 16, 24, 32, 96 and 1280 times it.
    """

    def __init__(self, width_mult: float = 1.0):
        super().__init__()
        width_mult = number(type(self).__name__, "width_mult", width_mult, 0.0, 100.0)
        channels = round_channels(32 * width_mult)
        self.features = nn.Sequential(ConvBNReLU6(3, channels, stride=2))
        levels, stride = {}, 2
        for expansion, c, blocks, first_stride in STAGES:
            stride *= first_stride
            for block in range(blocks):
                out_channels = round_channels(c * width_mult)
                step = InvertedResidual(channels, out_channels, first_stride if block == 0 else 1, expansion)
                self.features.append(step)
                channels = out_channels
            levels[stride] = f"features.{len(self.features) - 1}", channels
        last = round_channels(1280 * max(1.0, width_mult))
        levels[stride] = f"features.{len(self.features)}", last
        self.features.append(ConvBNReLU6(channels, last, 1))
        start_convolutions(self)
        self.set_levels(levels)


class MobileNetV2Classifier(MobileNetV2):
    """MobileNetV2 with its head: the mean of the last map, dropout, a linear layer.

    Parameters
    ----------
    num_classes : int
        K.
    width_mult : float
        As in :class:`MobileNetV2`.
    dropout : float
        Probability that training sets a feature to zero.
    """

    def __init__(self, num_classes: int = 1000, width_mult: float = 1.0, dropout: float = 0.2):
        super().__init__(width_mult)
        self.choose((32,))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.channels[32], num_classes))
        start_linear(self)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K), logits."""
        x = super().forward(images)[32]  # (N, 1280, ceil(H / 32), ceil(W / 32))
        return self.classifier(x.mean((2, 3)))


def mobilenet_v2(num_classes: int = 1000, width_mult: float = 1.0, dropout: float = 0.2) -> MobileNetV2Classifier:
    """Build the classifier: 3,504,872 parameters and 301 million multiply-adds for 224 x 224 pixels."""
    return MobileNetV2Classifier(num_classes, width_mult, dropout)
