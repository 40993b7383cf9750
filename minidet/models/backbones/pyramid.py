"""Feature Pyramid Networks for Object Detection.

Lin, Dollar, Girshick, He, Hariharan, Belongie. CVPR 2017, arXiv:1612.03144. Figure 3:

    backbone, stride 8 ---- 1 x 1 ---- + ------ 3 x 3 ---> stride 8
        |                              ^ 2x
    backbone, stride 16 --- 1 x 1 ---- + ------ 3 x 3 ---> stride 16
        |                              ^ 2x
    backbone, stride 32 --- 1 x 1 ---- o ------ 3 x 3 ---> stride 32
                                                    |
                                                    pool --> stride 64 (extra_level)

Fine maps of a network know where, coarse ones know what. Here the coarse ones come down, and are added to the fine
ones: all maps know both, and have equally many channels, so that one head can work on each of them (section 3).

Deviations from the paper
-------------------------
- 96 channels by default, not 256: for two cores.
- A map is enlarged to the size of the next finer one, which is not twice its own where that is odd.
"""

from __future__ import annotations

from ... import nn
from ...errors import flag, integer
from ...nn import functional as F
from ...nn import init
from .build import backbone as build


class FeaturePyramid(nn.Module):
    """A backbone on top of a backbone: maps of equally many channels, the coarse ones' knowledge in the fine ones.

    Parameters
    ----------
    backbone : str or Module
        A name, or a backbone; see :func:`minidet.models.backbones.backbone`.
    channels : int
        C of every map.
    strides : sequence of int, optional
        Of the maps; the backbone's own by default.
    extra_level : bool
        One more map, of twice the coarsest stride: every second row and column (section 4.1, footnote 2).
    pretrained : bool or dict
        As in :func:`minidet.models.backbones.backbone`.

    Attributes
    ----------
    strides : tuple of int
        Of the maps that are returned, the finest first.
    channels : dict of int to int
        Channels of the map of each stride: all equal.
    """

    def __init__(self, backbone, channels: int = 96, strides=None, extra_level: bool = False, pretrained=False):
        super().__init__()
        channels = integer("FeaturePyramid", "channels", channels, 1)
        self.backbone = build(backbone, strides, pretrained)
        self.extra_level = flag("FeaturePyramid", "extra_level", extra_level)
        inner = sorted(self.backbone.channels.items())
        self.inner_blocks = nn.ModuleList([nn.Sequential(nn.Conv2d(c, channels, 1)) for _, c in inner])
        self.layer_blocks = nn.ModuleList([nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1)) for _ in inner])
        for module in (*self.inner_blocks.modules(), *self.layer_blocks.modules()):
            if isinstance(module, nn.Conv2d):
                init.kaiming_uniform_(module.weight, a=1)
                init.zeros_(module.bias)
        own = tuple(stride for stride, _ in inner)
        self.strides = (*own, 2 * own[-1]) if extra_level else own
        self.channels = dict.fromkeys(self.strides, channels)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to ``{stride: (N, C, ceil(H / stride), ceil(W / stride))}``."""
        bottom_up = self.backbone(images)
        maps, above = {}, None
        for level, stride in reversed(list(enumerate(sorted(bottom_up)))):  # the coarsest first
            x = self.inner_blocks[level](bottom_up[stride])  # (N, C, h, w)
            if above is not None:
                x = x + F.interpolate(above, x.shape[-2:], mode="nearest")
            maps[stride] = self.layer_blocks[level](x)
            above = x
        if self.extra_level:
            coarsest = max(maps)
            maps[2 * coarsest] = F.max_pool2d(maps[coarsest], 1, stride=2)
        return {stride: maps[stride] for stride in self.strides}

    def freeze(self, until: int | None = None) -> FeaturePyramid:
        """Keep the backbone's layers as they are, up to a stride or all; return the pyramid, whose own layers learn."""
        self.backbone.freeze(until)
        return self

    def unfreeze(self) -> FeaturePyramid:
        """Let every layer learn again, and return the pyramid."""
        self.backbone.unfreeze()
        return self
