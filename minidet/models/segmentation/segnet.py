"""SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation.

Badrinarayanan, Kendall, Cipolla. TPAMI 2017, arXiv:1511.00561. Figure 2, here with three of the stages:

    image                                                                                        classes
      |                                                                                             ^
    convs, pool --------------------------- switches --------------------------> unpool, convs -----+
          |                                                                           ^
        convs, pool ----------------------- switches --------------> unpool, convs ---+
              |                                                           ^
            convs, pool ------------------- switches --> unpool, convs ---+
                  |                                        ^
                  +----------------------------------------+

Each decoder stage puts its input back at the remembered positions of the maxima (a sparse map), and its convolutions
make it dense again (section 3). Nothing but the switches passes from encoder to decoder.

Deviations from the paper
-------------------------
- The default has fewer channels and convolutions, to train on two cores. ``SegNet(num_classes, **SegNet.PAPER)`` is
  the published size: the 13 convolutions of VGG16, mirrored.
- The weights start from He's initialisation, not from VGG16 trained on ImageNet.
- Input is standardised by constants, without local contrast normalisation.
"""

from __future__ import annotations

from itertools import pairwise

from ... import nn
from ...errors import bad_argument
from .blocks import ConvBNReLU, EncoderStage, normalise


class DecoderStage(nn.Module):
    """Unpool to the remembered positions, then convolutions that mirror the encoder's."""

    def __init__(self, in_channels: int, out_channels: int, convs: int):
        super().__init__()
        widths = [in_channels] * convs + [out_channels]
        self.unpool = nn.MaxUnpool2d(2)
        self.convs = nn.Sequential(*[ConvBNReLU(a, b) for a, b in pairwise(widths)])

    def forward(self, x, switches, size):
        """Return features of the given size (H, W)."""
        x = self.unpool(x, switches, output_size=size)  # (N, C, H, W), one of four entries not 0
        return self.convs(x)


class SegNet(nn.Module):
    """Encoder-decoder with unpooling to remembered positions.

    Parameters
    ----------
    num_classes : int
        K, background included where there is one.
    in_channels : int
        Channels of the image.
    widths : sequence of int
        Channels of every encoder stage; the decoder mirrors them.
    convs : sequence of int
        Convolutions of every stage.
    """

    PAPER = {"widths": (64, 128, 256, 512, 512), "convs": (2, 2, 3, 3, 3)}  # section 3: VGG16's

    def __init__(self, num_classes: int, in_channels: int = 3, widths=(16, 32, 64, 96, 128), convs=(1, 2, 2, 2, 2)):
        super().__init__()
        if len(widths) != len(convs) or not widths:
            raise bad_argument("SegNet", "convs", f"is {convs}", f"{len(widths)} numbers, one for each of widths")
        inputs = [in_channels, *widths[:-1]]
        outputs = [widths[0], *widths[:-1]]
        self.encoder = nn.ModuleList([EncoderStage(c, f, n) for c, f, n in zip(inputs, widths, convs, strict=True)])
        self.decoder = nn.ModuleList(
            [DecoderStage(f, c, n) for c, f, n in zip(outputs, widths, convs, strict=True)][::-1]
        )
        self.classifier = nn.Conv2d(outputs[0], num_classes, 3, padding=1)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits."""
        x = normalise(images)
        remembered = []
        for stage in self.encoder:
            x, switches, size = stage(x)
            remembered.append((switches, size))
        for stage in self.decoder:
            x = stage(x, *remembered.pop())
        return self.classifier(x)
