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

``unpool`` chooses another way to double the size, for comparison (section 4.1): "bed_of_nails" puts each value into the
first pixel of its block, "nearest" into all four, and "bilinear" blends neighbours. Their decoders are told nothing.

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
from ...errors import bad_argument, check_choice
from ...nn import functional as F
from .blocks import ConvBNReLU, EncoderStage, bed_of_nails, check_size, normalise


class BedOfNails(nn.Module):
    """Unpooling to the first pixel of each block of 2 x 2, whatever the switches say."""

    def forward(self, x, switches, output_size):
        """Map (N, C, H // 2, W // 2) to (N, C, H, W), one of four entries not 0."""
        return bed_of_nails(x, output_size)


class Resize(nn.Module):
    """Nearest or bilinear up-sampling, whatever the switches say."""

    def __init__(self, mode: str):
        super().__init__()
        self.mode = mode

    def forward(self, x, switches, output_size):
        """Map (N, C, H // 2, W // 2) to (N, C, H, W)."""
        return F.interpolate(x, tuple(output_size), mode=self.mode)


UNPOOL = {
    "switches": lambda: nn.MaxUnpool2d(2),
    "bilinear": lambda: Resize("bilinear"),
    "bed_of_nails": BedOfNails,
    "nearest": lambda: Resize("nearest"),
}


class DecoderStage(nn.Module):
    """Unpool to the remembered positions, then convolutions that mirror the encoder's."""

    def __init__(self, in_channels: int, out_channels: int, convs: int, unpool: str = "switches"):
        super().__init__()
        widths = [in_channels] * convs + [out_channels]
        self.unpool = UNPOOL[unpool]()
        self.convs = nn.Sequential(*[ConvBNReLU(a, b) for a, b in pairwise(widths)])

    def forward(self, x, switches, size):
        """Return features of the given size (H, W)."""
        x = self.unpool(x, switches, output_size=size)  # (N, C, H, W); with switches, one of four entries not 0
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
    unpool : {"switches", "bilinear", "bed_of_nails", "nearest"}
        How the decoder doubles the size. All have the same parameters.
    """

    PAPER = {"widths": (64, 128, 256, 512, 512), "convs": (2, 2, 3, 3, 3)}  # section 3: VGG16's

    def __init__(self, num_classes: int, in_channels: int = 3, widths=(16, 32, 64, 96, 128), convs=(1, 2, 2, 2, 2),
                 unpool: str = "switches"):  # fmt: skip
        super().__init__()
        check_choice("SegNet", "unpool", unpool, UNPOOL)
        if len(widths) != len(convs) or not widths:
            raise bad_argument("SegNet", "convs", f"is {convs}", f"{len(widths)} numbers, one for each of widths")
        inputs = [in_channels, *widths[:-1]]
        outputs = [widths[0], *widths[:-1]]
        self.encoder = nn.ModuleList([EncoderStage(c, f, n) for c, f, n in zip(inputs, widths, convs, strict=True)])
        self.decoder = nn.ModuleList(
            [DecoderStage(f, c, n, unpool) for c, f, n in zip(outputs, widths, convs, strict=True)][::-1]
        )
        self.classifier = nn.Conv2d(outputs[0], num_classes, 3, padding=1)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits."""
        check_size("SegNet", images, 2 ** len(self.encoder), "every stage halves the size")
        x = normalise(images)
        remembered = []
        for stage in self.encoder:
            x, switches, size = stage(x)
            remembered.append((switches, size))
        for stage in self.decoder:
            x = stage(x, *remembered.pop())
        return self.classifier(x)
