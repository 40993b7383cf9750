"""SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and < 0.5MB model size.

Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer. arXiv:1602.07360. Figure 1 and table 1:

                                       +-- 1 x 1, ReLU (e) --+
    x (C) -- squeeze: 1 x 1, ReLU (s) -+                     +-- cat (2 e)      a fire module, s -> e + e
                                       +-- 3 x 3, ReLU (e) --+

    version 1.0: conv 7x7 (96) -- pool -- fire 16, 16, 32 -- pool -- fire 32, 48, 48, 64 -- pool -- fire 64 -- head
    version 1.1: conv 3x3 (64) -- pool -- fire 16, 16 -- pool -- fire 32, 32 -- pool -- fire 48, 48, 64, 64 -- head
    stride             2                       4                       8                          16

    (the numbers are s, and e = 4 s)     head: dropout -- 1 x 1 convolution, ReLU (K) -- mean

Few channels enter the 3 x 3 convolutions, half of the filters are 1 x 1, and pooling comes late (section 3.1). There is
no fully connected layer: the last convolution's maps are the classes'.

Padding
-------
The classifier is torchvision's, and pads neither its first convolution nor the poolings: 224 pixels become 13, not 14,
and cells move towards the centre. A backbone's maps have to cover the image: there, the first convolution and the
poolings are padded by half their kernels, as ResNet's are, with the same weights.

Deviations from the paper
-------------------------
- None but torchvision's; version 1.1 is the authors' own (github.com/forresti/SqueezeNet), with 2.4 times fewer
  multiply-adds.
"""

from __future__ import annotations

import copy

from ... import nn
from ...autograd import cat
from ...errors import check_choice
from ...nn import functional as F
from ...nn import init
from .contract import Backbone

#: Kernel and filters of the first convolution, and the squeeze channels of the fire modules between the poolings.
VERSIONS = {
    "1_0": (7, 96, ((16, 16, 32), (32, 48, 48, 64), (64,))),
    "1_1": (3, 64, ((16, 16), (32, 32), (48, 48, 64, 64))),
}


class Fire(nn.Module):
    """Figure 1: (N, C, H, W) to (N, 2 e, H, W)."""

    def __init__(self, in_channels: int, squeeze: int, expand: int):
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        """Squeeze, then expand in two ways, side by side."""
        x = F.relu(self.squeeze(x))
        return cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


def padded(layer: nn.Module) -> nn.Module:
    """Return a layer like this one, of the same parameters, whose result has ceil(H / 2) rows if its stride is 2."""
    if isinstance(layer, nn.MaxPool2d):
        return nn.MaxPool2d(3, stride=2, padding=1)
    if isinstance(layer, nn.Conv2d):
        layer = copy.copy(layer)  # shares the parameters
        layer.padding = tuple(size // 2 for size in layer.kernel_size)
    return layer


class SqueezeNet(Backbone):
    """The steps of table 1: maps of strides 2, 4, 8 and 16.

    Parameters
    ----------
    version : {"1_0", "1_1"}
        Which of the two.
    """

    def __init__(self, version: str = "1_0"):
        super().__init__()
        check_choice(type(self).__name__, "version", version, VERSIONS)
        kernel, channels, groups = VERSIONS[version]
        self.features = nn.Sequential(nn.Conv2d(3, channels, kernel, stride=2), nn.ReLU(inplace=True))
        levels = {2: ("features.1", channels)}
        for level, squeezes in enumerate(groups):
            self.features.append(nn.MaxPool2d(3, stride=2, ceil_mode=True))
            for squeeze in squeezes:
                self.features.append(Fire(channels, squeeze, 4 * squeeze))
                channels = 8 * squeeze
            levels[4 * 2**level] = f"features.{len(self.features) - 1}", channels
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                init.kaiming_uniform_(module.weight)
                init.zeros_(module.bias)
        self.set_levels(levels)
        self.pad()

    def pad(self) -> None:
        """Let the maps cover the image: ceil(H / stride) rows and ceil(W / stride) columns."""
        self.features = nn.Sequential(*[padded(layer) for layer in self.features])

    def part(self, strides=None) -> Backbone:
        """Return a backbone of these layers, padded; see :meth:`Backbone.part`."""
        part = super().part(strides)
        part.features = nn.Sequential(*[padded(layer) for layer in part.features])
        return part.train(self.training)


class SqueezeNetClassifier(SqueezeNet):
    """SqueezeNet with its head: dropout, a convolution to K maps, ReLU, their means.

    Parameters
    ----------
    num_classes : int
        K.
    version : {"1_0", "1_1"}
        Which of the two.
    dropout : float
        Probability that training sets a feature to zero.
    """

    def __init__(self, num_classes: int = 1000, version: str = "1_0", dropout: float = 0.5):
        super().__init__(version)
        self.choose((16,))
        last = nn.Conv2d(self.channels[16], num_classes, 1)
        init.normal_(last.weight, std=0.01)
        init.zeros_(last.bias)
        self.classifier = nn.Sequential(nn.Dropout(dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)))

    def pad(self) -> None:
        """Do nothing: the classifier's layers are torchvision's."""

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K), logits."""
        x = super().forward(images)[16]  # (N, 512, about H / 16, about W / 16)
        return self.classifier(x).flatten(1)


def squeezenet1_0(num_classes: int = 1000, dropout: float = 0.5) -> SqueezeNetClassifier:
    """Build the classifier, version 1.0: 1,248,424 parameters."""
    return SqueezeNetClassifier(num_classes, "1_0", dropout)


def squeezenet1_1(num_classes: int = 1000, dropout: float = 0.5) -> SqueezeNetClassifier:
    """Build the classifier, version 1.1: 1,235,496 parameters."""
    return SqueezeNetClassifier(num_classes, "1_1", dropout)
