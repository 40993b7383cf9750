"""VGG: Very Deep Convolutional Networks for Large-Scale Image Recognition.

Simonyan, Zisserman. ICLR 2015, arXiv:1409.1556. Table 1, columns A and D; every convolution is 3 x 3, with ReLU:

    VGG11   64         128        256 256         512 512         512 512
    VGG16   64 64      128 128    256 256 256     512 512 512     512 512 512
                  pool       pool            pool            pool            pool -- 7 x 7 x 512 -- 4096 -- 4096 -- K
    stride   1          2          4               8               16               32

Two 3 x 3 convolutions see 5 x 5 pixels, three see 7 x 7, with fewer weights than one large kernel, and with a
nonlinearity between them (section 2.3). Most parameters are in the first fully connected layer.

The map of a stride is the last one before the pooling that halves it; that of stride 32 comes after the last pooling.

Deviations from the paper
-------------------------
- ``batch_norm=True`` puts batch normalisation after each convolution. Parameter names and numbers are torchvision's,
  which averages maps to 7 x 7 before the fully connected layers, for images of any size.
- Pooling rounds up, so that the maps cover the whole image. Where H and W are multiples of 32, this changes nothing.
"""

from __future__ import annotations

from ... import nn
from .contract import Backbone, start_convolutions, start_linear

#: Convolutions of the five stages (table 1).
VGG11 = (1, 1, 2, 2, 2)
VGG16 = (2, 2, 3, 3, 3)


class VGG(Backbone):
    """The convolutions of table 1: maps of strides 1, 2, 4, 8, 16 and 32.

    Parameters
    ----------
    convs : sequence of int
        Convolutions of the five stages.
    batch_norm : bool
        Batch normalisation after each convolution.
    width : int
        Channels of the first stage; those of the others are 2, 4, 8 and 8 times that.
    """

    def __init__(self, convs, batch_norm: bool = False, width: int = 64):
        super().__init__()
        self.features = nn.Sequential()
        levels, channels = {}, 3
        for stage, (count, factor) in enumerate(zip(convs, (1, 2, 4, 8, 8), strict=True)):
            for _ in range(count):
                self.features.append(nn.Conv2d(channels, factor * width, 3, padding=1))
                if batch_norm:
                    self.features.append(nn.BatchNorm2d(factor * width))
                self.features.append(nn.ReLU(inplace=True))
                channels = factor * width
            levels[2**stage] = f"features.{len(self.features) - 1}", channels
            self.features.append(nn.MaxPool2d(2, stride=2, ceil_mode=True))
        levels[32] = f"features.{len(self.features) - 1}", channels
        start_convolutions(self)
        self.set_levels(levels)


class VGGClassifier(VGG):
    """VGG with its head: 7 x 7 means of the last map, and three linear layers.

    Parameters
    ----------
    convs, batch_norm, width
        As in :class:`VGG`.
    num_classes : int
        K.
    hidden : int
        Features of the first two linear layers.
    dropout : float
        Probability that training sets one of these features to zero.
    """

    def __init__(self, convs, batch_norm: bool = False, num_classes: int = 1000, width: int = 64, hidden: int = 4096,
                 dropout: float = 0.5):  # fmt: skip
        super().__init__(convs, batch_norm, width)
        self.choose((32,))
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(self.channels[32] * 7 * 7, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )
        start_linear(self)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K), logits."""
        x = self.avgpool(super().forward(images)[32])  # (N, 512, 7, 7)
        return self.classifier(x.flatten(1))


def vgg11(num_classes: int = 1000, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> VGGClassifier:
    """Build the classifier with 11 layers: 132,863,336 parameters."""
    return VGGClassifier(VGG11, False, num_classes, width, hidden, dropout)


def vgg11_bn(num_classes: int = 1000, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> VGGClassifier:
    """Build the classifier with 11 layers and batch normalisation: 132,868,840 parameters."""
    return VGGClassifier(VGG11, True, num_classes, width, hidden, dropout)


def vgg16(num_classes: int = 1000, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> VGGClassifier:
    """Build the classifier with 16 layers: 138,357,544 parameters."""
    return VGGClassifier(VGG16, False, num_classes, width, hidden, dropout)


def vgg16_bn(num_classes: int = 1000, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> VGGClassifier:
    """Build the classifier with 16 layers and batch normalisation: 138,365,992 parameters."""
    return VGGClassifier(VGG16, True, num_classes, width, hidden, dropout)
