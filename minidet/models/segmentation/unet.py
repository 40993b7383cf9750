"""U-Net: Convolutional Networks for Biomedical Image Segmentation.

Ronneberger, Fischer, Brox. MICCAI 2015, arXiv:1505.04597. Figure 1, here with three of the levels:

    image                                                                        classes
      |                                                                             ^
    conv, conv ------------------ features, copied ---------------> cat, conv, conv +
          |                                                          ^
        pool, conv, conv -------- features, copied ---> cat, conv, conv, up
                  |                                      ^
                pool, conv, conv ----------------------- up

What max pooling loses does not have to be put back: the features from before it are copied across, and the decoder's
convolutions see both, what the deep levels know about the surroundings and what is where in the image (section 2).

Deviations from the paper
-------------------------
- The convolutions are padded, so that nothing is cropped from the copies, and the scores have the image's size. Pooling
  rounds odd sizes up, and the row or column too many is cropped after up-sampling.
- Batch normalisation after each convolution; no dropout at the end of the contracting path.
- Fewer channels and levels by default. ``UNet(num_classes, **UNet.PAPER)`` has the published ones.
- No weights at the borders between cells in the loss (eq. 2): that belongs to their data.

Not in the paper, and switched off by default:

- ``residual`` adds: the input of each pair of convolutions to its result (He et al., CVPR 2016), and the copies to what
  comes from below. The decoder's stages then have one convolution each.
- ``stem_stride=2`` does everything at half the resolution. A convolution of stride 2 comes first; the last one makes
  4 K channels, the scores of 2 x 2 pixels, which are laid side by side (Shi et al., CVPR 2016, section 3.2).

``UNet(num_classes, **UNet.FAST)`` has both: nearly twice the parameters of the default, and 2/5 of its multiply-adds.

- ``backbone="mobilenet_v2"`` takes the encoder's place, ``pretrained=True`` with what it learned from ImageNet. A 1 x 1
  convolution brings each of its maps to ``width`` channels, before it is copied across. The last convolution makes the
  scores of 2 x 2 pixels of a size that is half as coarse as the finest map, and they are enlarged to the image's size
  by bilinear interpolation.
"""

from __future__ import annotations

from itertools import pairwise

from ... import nn
from ...autograd import cat
from ...errors import integer
from ...nn import functional as F
from .blocks import ConvBNReLU, crop, normalise, pixel_shuffle
from .trunk import check_untrained, check_unused, trunk

WIDTH = 16  # by default ...
WIDTH_ON_BACKBONE = 64  # ... of all stages


class ConvPair(nn.Sequential):
    """Two convolutions, each with batch normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(ConvBNReLU(in_channels, out_channels), ConvBNReLU(out_channels, out_channels))


class ResidualPair(nn.Module):
    """Two convolutions whose result is added to their input: ``relu(x + conv(relu(conv(x))))``, normalised each.

    Where the number of channels changes, a 1 x 1 convolution brings the input to the new one (He et al., option B).
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.first = ConvBNReLU(in_channels, out_channels)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)
        same = in_channels == out_channels
        self.shortcut = nn.Identity() if same else nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x):
        """Map (N, C, H, W) to (N, F, H, W)."""
        return F.relu(self.norm(self.second(self.first(x))) + self.shortcut(x))


class CatStage(nn.Module):
    """Double the size, put the copied features beside it, and let a pair of convolutions see both."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.convs = ConvPair(2 * out_channels, out_channels)

    def forward(self, x, copied):
        """Map x (N, C, ceil(H / 2), ceil(W / 2)) and the copied features (N, F, H, W) to (N, F, H, W)."""
        x = crop(self.up(x), copied.shape[-2:])  # (N, F, H, W)
        return self.convs(cat([copied, x], 1))


class SumStage(nn.Module):
    """Double the size, add the copied features, and one convolution."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.conv = ConvBNReLU(out_channels, out_channels)

    def forward(self, x, copied):
        """Map x (N, C, ceil(H / 2), ceil(W / 2)) and the copied features (N, F, H, W) to (N, F, H, W)."""
        return self.conv(crop(self.up(x), copied.shape[-2:]) + copied)


class UNet(nn.Module):
    """Encoder and decoder with copies of the features between them.

    Parameters
    ----------
    num_classes : int
        K, background included where there is one.
    in_channels : int
        Channels of the image.
    width : int
        Channels of the first level, 16 by default; every level has twice those of the one above. On a backbone:
        channels of every level, 64 by default.
    levels : int
        Resolutions, the image's and the lowest included: ``levels - 1`` poolings. On a backbone: how many of its
        maps are used, from the coarsest.
    residual : bool
        Add the input of each pair of convolutions to its result, and the copies to what comes from below.
    stem_stride : int
        1: the first level works on the image. s > 1: on the result of a convolution of stride s; the last convolution
        then makes the scores of s x s pixels at once.
    backbone : str or Module, optional
        The encoder; see :func:`minidet.models.backbones.backbone`.
    pretrained : bool or dict
        Begin with the backbone's published weights.
    """

    PAPER = {"width": 64, "levels": 5}  # figure 1
    FAST = {"width": 24, "residual": True, "stem_stride": 2}  # street scenes in minutes on two cores

    def __init__(self, num_classes: int, in_channels: int = 3, width: int | None = None, levels: int = 4,
                 residual: bool = False, stem_stride: int = 1, backbone=None, pretrained=False):  # fmt: skip
        super().__init__()
        integer("UNet", "levels", levels, low=1)
        self.shuffle, self.enlarge = integer("UNet", "stem_stride", stem_stride, low=1), 1
        self.on_backbone = backbone is not None
        if width is None:
            width = WIDTH_ON_BACKBONE if self.on_backbone else WIDTH
        if self.on_backbone:
            check_unused("UNet", in_channels=(in_channels, 3), stem_stride=(stem_stride, 1))
            widths = self._set_backbone(backbone, pretrained, width, levels)
        else:
            check_untrained("UNet", pretrained)
            widths = [width * 2**level for level in range(levels)]
            self._set_encoder(in_channels, widths, residual)
        stage = SumStage if residual else CatStage
        self.decoder = nn.ModuleList([stage(c, f) for f, c in pairwise(widths)][::-1])
        self.classifier = nn.Conv2d(width, num_classes * self.shuffle**2, 1)

    def _set_encoder(self, in_channels: int, widths: list[int], residual: bool) -> None:
        pair, width = ResidualPair if residual else ConvPair, widths[0]
        with_stem = self.shuffle > 1
        self.stem = ConvBNReLU(in_channels, width, stride=self.shuffle) if with_stem else nn.Identity()
        first = width if with_stem else in_channels
        self.encoder = nn.ModuleList([pair(c, f) for c, f in pairwise([first, *widths])])
        self.pool = nn.MaxPool2d(2, ceil_mode=True)

    def _set_backbone(self, backbone, pretrained, width: int, levels: int) -> list[int]:
        """Return the channels of the levels."""
        self.backbone = trunk("UNet", backbone, pretrained, levels=levels)
        self.strides = tuple(sorted(self.backbone.channels))[-levels:]
        self.lateral = nn.ModuleList([ConvBNReLU(self.backbone.channels[stride], width, 1) for stride in self.strides])
        self.shuffle = 2 if self.strides[0] % 2 == 0 else 1
        self.enlarge = self.strides[0] // self.shuffle
        return [width] * len(self.strides)

    def encode(self, images):
        """Return the features of every level, the finest first."""
        if self.on_backbone:
            maps = self.backbone(images)
            return [lateral(maps[stride]) for lateral, stride in zip(self.lateral, self.strides, strict=True)]
        levels = [self.encoder[0](self.stem(normalise(images)))]
        for convs in self.encoder[1:]:
            levels.append(convs(self.pool(levels[-1])))
        return levels

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits."""
        copies = self.encode(images)
        x = copies.pop()
        for stage in self.decoder:
            x = stage(x, copies.pop())
        x = pixel_shuffle(self.classifier(x), self.shuffle)  # each side rounded up to a multiple of the stride
        if self.enlarge > 1:
            x = F.interpolate(x, scale_factor=self.enlarge, mode="bilinear")
        return crop(x, images.shape[-2:])
