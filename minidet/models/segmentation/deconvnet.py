"""DeconvNet: Learning Deconvolution Network for Semantic Segmentation.

Noh, Hong, Han. ICCV 2015, arXiv:1505.04366. Figure 2, here with three of the stages:

    image                                                                             classes
      |                                                                                  ^
    convs, pool --------------- switches ------------------------> unpool, deconvs ------+
          |                                                              ^
        convs, pool ----------- switches ----------> unpool, deconvs ----+
              |                                            ^
            convs, pool ------- switches -> unpool, deconvs+
                  |                              ^
                 fc6 ---------- fc7 ---------- deconv-fc6      one vector that has seen the whole image

Unpooling gives the positions back, and transposed convolutions ("deconvolutions", section 3.2) learn the shapes that
are drawn there.

Deviations from the paper
-------------------------
- Fully convolutional: fc6, fc7 and its transposed twin are k x k and 1 x 1 convolutions with padding, so that any size
  from 2^stages pixels goes in. ``DeconvNet(num_classes, **DeconvNet.PAPER)`` has the published channels and kernel.
- Fewer channels and convolutions by default; weights start from He's initialisation, not from VGG16.
- Trained on whole images in one stage, not on object proposals in two (section 4).
"""

from __future__ import annotations

from itertools import pairwise

from ... import nn
from ...errors import bad_argument
from .blocks import ConvBNReLU, DeconvBNReLU, EncoderStage, check_size, normalise


class DeconvStage(nn.Module):
    """Unpool to the remembered positions, then transposed convolutions that mirror the encoder's convolutions."""

    def __init__(self, in_channels: int, out_channels: int, deconvs: int):
        super().__init__()
        widths = [in_channels] * deconvs + [out_channels]
        self.unpool = nn.MaxUnpool2d(2)
        self.deconvs = nn.Sequential(*[DeconvBNReLU(a, b) for a, b in pairwise(widths)])

    def forward(self, x, switches, size):
        """Return features of the given size (H, W)."""
        return self.deconvs(self.unpool(x, switches, output_size=size))


class DeconvNet(nn.Module):
    """Encoder, bottleneck, and a decoder of unpooling and transposed convolutions.

    Parameters
    ----------
    num_classes : int
        K, background included.
    in_channels : int
        Channels of the image.
    widths, convs : sequence of int
        Channels and convolutions of every encoder stage; the decoder mirrors them.
    hidden : int
        Channels of fc6 and fc7.
    hidden_kernel : int
        Kernel of fc6 and of its transposed twin; odd.
    """

    PAPER = {  # section 3.3, Table 1
        "widths": (64, 128, 256, 512, 512),
        "convs": (2, 2, 3, 3, 3),
        "hidden": 4096,
        "hidden_kernel": 7,
    }

    def __init__(self, num_classes: int, in_channels: int = 3, widths=(16, 32, 64), convs=(1, 2, 2),
                 hidden: int = 128, hidden_kernel: int = 3):  # fmt: skip
        """Build the encoder, then the decoder: its stages undo the encoder's, the last one first."""
        super().__init__()
        if len(widths) != len(convs) or not widths:
            raise bad_argument("DeconvNet", "convs", f"is {convs}", f"{len(widths)} numbers, one for each of widths")
        if hidden_kernel % 2 == 0:
            why = "only an odd kernel keeps the size"
            raise bad_argument("DeconvNet", "hidden_kernel", f"is {hidden_kernel}", "an odd integer", why)
        inputs = [in_channels, *widths[:-1]]
        outputs = [widths[0], *widths[:-1]]
        self.encoder = nn.ModuleList([EncoderStage(c, f, n) for c, f, n in zip(inputs, widths, convs, strict=True)])
        self.fc6 = ConvBNReLU(widths[-1], hidden, hidden_kernel)
        self.fc7 = ConvBNReLU(hidden, hidden, 1)
        self.deconv_fc6 = DeconvBNReLU(hidden, widths[-1], hidden_kernel)
        self.decoder = nn.ModuleList(
            [DeconvStage(f, c, n) for c, f, n in zip(outputs, widths, convs, strict=True)][::-1]
        )
        self.classifier = nn.Conv2d(outputs[0], num_classes, 1)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits."""
        check_size("DeconvNet", images, 2 ** len(self.encoder), "every stage halves the size")
        x = normalise(images)
        remembered = []
        for stage in self.encoder:
            x, switches, size = stage(x)
            remembered.append((switches, size))
        x = self.deconv_fc6(self.fc7(self.fc6(x)))
        for stage in self.decoder:
            x = stage(x, *remembered.pop())
        return self.classifier(x)
