"""ResNet: Deep Residual Learning for Image Recognition.

He, Zhang, Ren, Sun. CVPR 2016, arXiv:1512.03385. Figure 5 and table 1:

    x ---- 3 x 3, ReLU ---- 3 x 3 ---- + -- ReLU --      x -- 1 x 1, ReLU -- 3 x 3, ReLU -- 1 x 1 (4 C) -- + -- ReLU --
      |                                |                   |                                               |
      +--------- the shortcut ---------+                   +---------------- the shortcut -----------------+
            basic block (18, 34)                                       bottleneck (50)

    step        conv1 7x7   maxpool 3x3   layer1    layer2    layer3     layer4
    channels       64           64        64        128       256        512         mean, linear
      (50)         64           64        256       512       1024       2048
    stride         2            4         4         8         16         32

    blocks: ResNet-18 2, 2, 2, 2; ResNet-34 3, 4, 6, 3; ResNet-50 3, 4, 6, 3

The layers of a block learn what to add to their input, not what to replace it by: a block that should do nothing only
has to become 0 (section 3.1). Batch normalisation follows every convolution. Where the shape changes, the shortcut is a
1 x 1 convolution (option B).

Deviations from the paper
-------------------------
- In a bottleneck the 3 x 3 convolution has the stride, not the 1 x 1 before it: torchvision's, whose parameter names
  and numbers these are ("ResNet v1.5").
"""

from __future__ import annotations

from ... import nn
from ...nn.fused import norm_relu
from .contract import Backbone, start_convolutions


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """Return what brings a block's input to the shape of its result; None where it has that shape already."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions, figure 5 left: (N, C, H, W) to (N, width, ceil(H / s), ceil(W / s))."""

    expansion = 1

    def __init__(self, in_channels: int, width: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(in_channels, width, stride)

    def forward(self, x):
        """Return the ReLU of the two convolutions' result plus the shortcut's."""
        out = norm_relu(self.bn1, self.conv1(x))
        return norm_relu(self.bn2, self.conv2(out), x if self.downsample is None else self.downsample(x))


class Bottleneck(nn.Module):
    """Narrow, 3 x 3, wide again, figure 5 right: (N, C, H, W) to (N, 4 width, ceil(H / s), ceil(W / s))."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = shortcut(in_channels, 4 * width, stride)

    def forward(self, x):
        """Return the ReLU of the three convolutions' result plus the shortcut's."""
        out = norm_relu(self.bn1, self.conv1(x))
        out = norm_relu(self.bn2, self.conv2(out))
        return norm_relu(self.bn3, self.conv3(out), x if self.downsample is None else self.downsample(x))


def layer(block: type, in_channels: int, width: int, count: int, stride: int) -> nn.Sequential:
    """Return blocks in a row; the first has the stride."""
    first = block(in_channels, width, stride)
    return nn.Sequential(first, *[block(width * block.expansion, width) for _ in range(count - 1)])


class ResNet(Backbone):
    """The steps of table 1: maps of strides 2, 4, 8, 16 and 32.

    Parameters
    ----------
    block : type
        :class:`BasicBlock` or :class:`Bottleneck`.
    counts : sequence of int
        Blocks of the four layers.
    width : int
        Channels of the first layer; each has twice those of the one before. Times 4 for the bottleneck's results.
    """

    def __init__(self, block: type, counts, width: int = 64):
        super().__init__()
        wide = width * block.expansion
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = layer(block, width, width, counts[0], stride=1)
        self.layer2 = layer(block, wide, 2 * width, counts[1], stride=2)
        self.layer3 = layer(block, 2 * wide, 4 * width, counts[2], stride=2)
        self.layer4 = layer(block, 4 * wide, 8 * width, counts[3], stride=2)
        start_convolutions(self)
        self.set_levels(
            {
                2: ("relu", width),
                4: ("layer1", wide),
                8: ("layer2", 2 * wide),
                16: ("layer3", 4 * wide),
                32: ("layer4", 8 * wide),
            }
        )


class ResNetClassifier(ResNet):
    """ResNet with its head: the mean of the last map, a linear layer.

    Parameters
    ----------
    block, counts, width
        As in :class:`ResNet`.
    num_classes : int
        K.
    """

    def __init__(self, block: type, counts, num_classes: int = 1000, width: int = 64):
        super().__init__(block, counts, width)
        self.choose((32,))
        self.fc = nn.Linear(self.channels[32], num_classes)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K), logits."""
        x = super().forward(images)[32]  # (N, 512 or 2048, ceil(H / 32), ceil(W / 32))
        return self.fc(x.mean((2, 3)))


#: Table 1: block, and blocks of the four layers.
RESNET18 = BasicBlock, (2, 2, 2, 2)
RESNET34 = BasicBlock, (3, 4, 6, 3)
RESNET50 = Bottleneck, (3, 4, 6, 3)


def resnet18(num_classes: int = 1000, width: int = 64) -> ResNetClassifier:
    """Build the classifier with 18 layers: 11,689,512 parameters."""
    return ResNetClassifier(*RESNET18, num_classes, width)


def resnet34(num_classes: int = 1000, width: int = 64) -> ResNetClassifier:
    """Build the classifier with 34 layers: 21,797,672 parameters."""
    return ResNetClassifier(*RESNET34, num_classes, width)


def resnet50(num_classes: int = 1000, width: int = 64) -> ResNetClassifier:
    """Build the classifier with 50 layers: 25,557,032 parameters."""
    return ResNetClassifier(*RESNET50, num_classes, width)
