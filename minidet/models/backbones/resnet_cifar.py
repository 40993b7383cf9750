"""ResNet for CIFAR-10: Deep Residual Learning for Image Recognition, section 4.2.

He, Zhang, Ren, Sun. CVPR 2016, arXiv:1512.03385. Images of 32 x 32 pixels:

    image -- conv 3x3, ReLU -- layer1: n blocks -- layer2: n blocks -- layer3: n blocks -- mean -- linear
    channels       16               16                  32                  64              64       10
    stride         1                1                   2                   4

    x ---- 3 x 3, ReLU ---- 3 x 3 ---- + -- ReLU --
      |                                |
      +--------- the shortcut ---------+

With n = 3 there are 6 n + 2 = 20 layers with weights. Where a block halves the size and doubles the channels, the
shortcut takes every second row and column, and fills the new channels with zeros: option A, which has no parameters.

Deviations from the paper
-------------------------
- The new channels of zeros lie on both sides of the old ones, as in the published weights (Y. Idelbayev,
  akamaster/pytorch_resnet_cifar10), whose parameter names these are. Those subtract ImageNet's mean, not CIFAR's.
"""

from __future__ import annotations

from ... import nn
from ...errors import check_choice
from ...nn import functional as F
from ...nn import init
from ...nn.fused import norm_relu
from .contract import Backbone


class ZeroPaddedShortcut(nn.Module):
    """Option A: every second row and column, and C / 2 channels of zeros on each side."""

    def __init__(self, channels: int):
        super().__init__()
        self.zeros = channels // 2

    def forward(self, x):
        """Map (N, C, H, W) to (N, 2 C, ceil(H / 2), ceil(W / 2))."""
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.zeros, self.zeros))


def shortcut(in_channels: int, channels: int, stride: int, option: str) -> nn.Module:
    """Return what brings a block's input to the shape of its result."""
    if stride == 1:
        return nn.Identity()
    if option == "A":
        return ZeroPaddedShortcut(in_channels)
    return nn.Sequential(nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))


class CIFARBlock(nn.Module):
    """Two 3 x 3 convolutions and the shortcut: (N, C, H, W) to (N, F, ceil(H / s), ceil(W / s)); F = 2 C for s = 2."""

    def __init__(self, in_channels: int, channels: int, stride: int, option: str):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = shortcut(in_channels, channels, stride, option)

    def forward(self, x):
        """Return the ReLU of the two convolutions' result plus the shortcut's."""
        out = norm_relu(self.bn1, self.conv1(x))
        return norm_relu(self.bn2, self.conv2(out), self.shortcut(x))


class CIFARResNet(Backbone):
    """The three layers of section 4.2: maps of strides 1, 2 and 4.

    Parameters
    ----------
    blocks : int
        n, of each layer.
    width : int
        Channels of the first layer.
    option : {"A", "B"}
        Shortcuts that change the shape: zeros, or a 1 x 1 convolution.
    """

    def __init__(self, blocks: int = 3, width: int = 16, option: str = "A"):
        super().__init__()
        check_choice(type(self).__name__, "option", option, ("A", "B"))
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self._layer(width, width, blocks, 1, option)
        self.layer2 = self._layer(width, 2 * width, blocks, 2, option)
        self.layer3 = self._layer(2 * width, 4 * width, blocks, 2, option)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                init.kaiming_normal_(module.weight)
        self.set_levels({1: ("layer1", width), 2: ("layer2", 2 * width), 4: ("layer3", 4 * width)})

    @staticmethod
    def _layer(in_channels: int, channels: int, blocks: int, stride: int, option: str) -> nn.Sequential:
        rest = [CIFARBlock(channels, channels, 1, option) for _ in range(blocks - 1)]
        return nn.Sequential(CIFARBlock(in_channels, channels, stride, option), *rest)


class CIFARResNetClassifier(CIFARResNet):
    """The three layers with their head: the mean of the last map, a linear layer.

    Parameters
    ----------
    num_classes : int
        K.
    blocks, width, option
        As in :class:`CIFARResNet`.
    """

    def __init__(self, num_classes: int = 10, blocks: int = 3, width: int = 16, option: str = "A"):
        super().__init__(blocks, width, option)
        self.choose((4,))
        self.linear = nn.Linear(self.channels[4], num_classes)
        init.kaiming_normal_(self.linear.weight)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K), logits."""
        x = super().forward(images)[4]  # (N, 64, ceil(H / 4), ceil(W / 4))
        return self.linear(x.mean((2, 3)))


def resnet20(num_classes: int = 10, width: int = 16, option: str = "A") -> CIFARResNetClassifier:
    """Build the classifier with 20 layers for small images: 269,722 parameters (272,474 with option B)."""
    return CIFARResNetClassifier(num_classes, 3, width, option)
