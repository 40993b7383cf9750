"""MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications.

Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam. arXiv:1704.04861. Figure 3 right and table 1:

    image -- conv0: 3 x 3, ReLU6 -- 13 times ( dw: 3 x 3 depthwise, ReLU6 -- pw: 1 x 1, ReLU6 ) -- mean -- linear

    pair        conv0   1     2     3     4     5     6     7 - 11    12     13
    channels     32     64   128   128   256   256   512     512     1024   1024     times the width
    stride        2     2     4     4     8     8     16      16      32     32

A 3 x 3 convolution of C to F channels is cut in two: one that mixes pixels (depthwise, channel by channel), and one
that mixes channels (1 x 1). That is 1 / F + 1 / 9 of the multiplications (section 3.1). With a width of 0.25 a picture
of 128 x 128 pixels takes 14 million: the network to begin with where there is no GPU.

Deviations from the paper
-------------------------
- Without batch normalisation by default: in the published weights it is folded into the convolutions, which have biases
  therefore. ``batch_norm=True`` puts it after each convolution, for training from scratch.
- ReLU6, and padding of the right and lower border only where a size is even and the stride 2: TensorFlow's, as trained.
- Images are mapped from [0, 1] to [-1, 1], not by ImageNet's mean: (255 x - 128) / 128.
"""

from __future__ import annotations

from ... import nn
from ...errors import flag, number
from ...nn import init
from ...nn.fused import conv2d_padded
from .contract import Backbone

#: Table 1: channels of each pair's result, and stride of its depthwise convolution.
PAIRS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))


class SameConv2d(nn.Conv2d):
    """A convolution to ceil(H / s) rows and ceil(W / s) columns, padded as TensorFlow does.

    ``(OH - 1) s + KH - H`` rows of zeros are needed; the smaller half of them lies above, the larger below.
    """

    result_is_new = True

    def forward(self, x):
        """Map (N, C, H, W) to (N, F, ceil(H / s), ceil(W / s))."""
        borders = []
        for axis in (1, 0):  # pad begins with the last axis
            length, kernel, stride = x.shape[2 + axis], self.kernel_size[axis], self.stride[axis]
            missing = max(0, (-(-length // stride) - 1) * stride + kernel - length)
            borders += [missing // 2, missing - missing // 2]
        return conv2d_padded(x, self.weight, self.bias, self.stride, tuple(borders), self.dilation, self.groups)


class MobileNetV1(Backbone):
    """The steps of table 1: maps of strides 2, 4, 8, 16 and 32.

    Parameters
    ----------
    width : float
        Factor of all channels (section 3.3); none are fewer than 8.
    batch_norm : bool
        Batch normalisation after each convolution.
    """

    mean = (128 / 255,) * 3
    std = (128 / 255,) * 3

    def __init__(self, width: float = 1.0, batch_norm: bool = False):
        super().__init__()
        width = number(type(self).__name__, "width", width, 0.0, 100.0)
        self.batch_norm = flag(type(self).__name__, "batch_norm", batch_norm)
        channels = max(8, int(32 * width))
        self._add("conv0", SameConv2d(3, channels, 3, stride=2, bias=not batch_norm))
        levels, total = {}, 2
        for pair, (c, stride) in enumerate(PAIRS, 1):
            total *= stride
            out_channels = max(8, int(c * width))
            depthwise = SameConv2d(channels, channels, 3, stride, groups=channels, bias=not batch_norm)
            self._add(f"dw{pair}", depthwise)
            self._add(f"pw{pair}", nn.Conv2d(channels, out_channels, 1, bias=not batch_norm))
            channels = out_channels
            levels[total] = f"pw{pair}_relu", channels
        self.set_levels(levels)

    def _add(self, name: str, conv: nn.Conv2d) -> None:
        """Append a convolution, its batch normalisation if there is any, and its ReLU6; He's weights, biases 0."""
        init.kaiming_normal_(conv.weight, nonlinearity="relu")
        if conv.bias is not None:
            init.zeros_(conv.bias)
        self.add_module(name, conv)
        if self.batch_norm:
            self.add_module(f"{name}_bn", nn.BatchNorm2d(conv.out_channels))
        self.add_module(f"{name}_relu", nn.ReLU6(inplace=True))


class MobileNetV1Classifier(MobileNetV1):
    """MobileNetV1 with its head: the mean of the last map, a linear layer.

    Parameters
    ----------
    num_classes : int
        K.
    width, batch_norm
        As in :class:`MobileNetV1`.
    """

    def __init__(self, num_classes: int = 1000, width: float = 1.0, batch_norm: bool = False):
        super().__init__(width, batch_norm)
        self.choose((32,))
        self.classifier = nn.Linear(self.channels[32], num_classes)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K), logits."""
        x = super().forward(images)[32]  # (N, 1024 width, ceil(H / 32), ceil(W / 32))
        return self.classifier(x.mean((2, 3)))


def mobilenet_v1(num_classes: int = 1000, width: float = 1.0, batch_norm: bool = False) -> MobileNetV1Classifier:
    """Build the classifier: 4,221,032 parameters; 467,336 with a width of 0.25, whose weights are published."""
    return MobileNetV1Classifier(num_classes, width, batch_norm)
