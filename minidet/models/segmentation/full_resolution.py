"""A fully convolutional network at full resolution: convolutions, and nothing that samples down.

Jain, Murray, Roth et al. Supervised Learning of Image Restoration with Convolutional Networks. ICCV 2007, section 3:

    image -- conv -- conv -- conv -- ... -- conv -- 1 x 1 conv -- classes      every map has H x W pixels

Each pixel keeps features of its own from the first layer to the last, so no position is lost and has to be found
again. The price is paid twice. A 3 x 3 convolution from C to F channels takes 9 C F multiply-adds for every pixel of
the image, in every layer; after two poolings it would take a sixteenth. And n layers see 2 n + 1 pixels a side: to see
twice as far takes twice as many layers, where one pooling would do.

Deviations from the paper
-------------------------
- Images have two axes, not three, and there may be more than two classes.
- Batch normalisation and ReLU in the place of logistic units; the last layer is a 1 x 1 convolution.
- More channels and smaller kernels by default. ``FullResolutionFCN(num_classes, **FullResolutionFCN.PAPER)`` has the
  published width, depth and kernel.
"""

from __future__ import annotations

from itertools import pairwise

from ... import nn
from ...errors import bad_argument, integer
from .blocks import ConvBNReLU, normalise


class FullResolutionFCN(nn.Module):
    """A stack of convolutions that all work on H x W pixels.

    Parameters
    ----------
    num_classes : int
        K, background included where there is one.
    in_channels : int
        Channels of the image.
    width : int
        Channels of every hidden layer.
    depth : int
        Hidden layers.
    kernel_size : int
        Of every hidden layer; odd.

    Attributes
    ----------
    receptive_field : int
        Pixels a side that a score depends on, ``1 + depth (kernel_size - 1)``.
    """

    PAPER = {"width": 8, "depth": 5, "kernel_size": 5}  # section 3

    def __init__(self, num_classes: int, in_channels: int = 3, width: int = 32, depth: int = 6, kernel_size: int = 3):
        super().__init__()
        integer("FullResolutionFCN", "depth", depth, low=1)
        if kernel_size % 2 == 0:
            why = "only an odd kernel keeps the size"
            raise bad_argument("FullResolutionFCN", "kernel_size", f"is {kernel_size}", "an odd integer", why)
        widths = [in_channels] + [width] * depth
        self.convs = nn.Sequential(*[ConvBNReLU(c, f, kernel_size) for c, f in pairwise(widths)])
        self.classifier = nn.Conv2d(width, num_classes, 1)
        self.receptive_field = 1 + depth * (kernel_size - 1)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits."""
        x = self.convs(normalise(images))  # (N, F, H, W)
        return self.classifier(x)
