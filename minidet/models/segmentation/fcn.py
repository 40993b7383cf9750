"""FCN: Fully Convolutional Networks for Semantic Segmentation.

Long, Shelhamer, Darrell. CVPR 2015, arXiv:1411.4038 (Shelhamer et al., TPAMI 2017, arXiv:1605.06211). Figure 3:

    image - pool1 - pool2 - pool3 ------- pool4 ------- pool5 - fc6 - fc7
                              |             |                          |
                            score         score                      score
                              |             |                          |-- 32x --> FCN-32s
                              |             + <---------- 2x ----------+
                              |             |------------- 16x ------------------> FCN-16s
                              + <--- 2x ----+
                              |---------------------------- 8x ------------------> FCN-8s

A classifier whose fully connected layers are convolutions gives a map of scores, 32 times coarser than the image.
Up-sampling by a transposed convolution makes it fine again; scores of earlier, finer layers are added on the way
(section 4.2).

Where a cell of a score map lies
--------------------------------
Pooling k times by 2 x 2 makes cells of s x s pixels, s = 2^k. Cell i covers the pixels i s to i s + s - 1; its centre
is at (i + 1/2) s - 1/2. A transposed convolution of stride s, kernel 2 s and padding s / 2 spreads cell i over the
pixels i s - s / 2 to i s + 3 s / 2 - 1: the same centre. Nothing has to be shifted then, for any s and any image size.
Pooling rounds up: what the last cells have beyond the image is cropped. At the borders a pixel has a cell on one side
only; there the outermost cells are repeated, once, before up-sampling.

Deviations from the paper
-------------------------
- Alignment: the paper pads the image by 100 pixels, and crops by offsets that depend on all layers before.
- Batch normalisation after each convolution, and He's initialisation: nothing comes from ImageNet.
- Fewer channels by default. ``FCN8s(num_classes, **FCN8s.PAPER)`` has VGG16's.

``FCN8s(num_classes, backbone="vgg16", pretrained=True)`` begins as the paper does, with what VGG16 learned from
ImageNet. Any other backbone will do whose maps have the strides 8, 16 and 32: they take the places of pool3, pool4 and
fc7. VGG's own fully connected layers are left out.
"""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np

from ... import nn
from ...autograd import cat, tensor
from ...errors import bad_argument, integer
from ...nn import init
from .blocks import ConvBNReLU, crop, normalise
from .trunk import check_untrained, check_unused, trunk

STAGES = 5  # poolings: the coarsest cells have 2^5 = 32 pixels a side
WIDTHS = (16, 32, 64, 96, 128)
CONVS = (1, 2, 2, 2, 2)
HIDDEN, HIDDEN_KERNEL = 128, 3


def bilinear_weight(in_channels: int, out_channels: int, kernel_size: int):
    """Return the weight with which a transposed convolution interpolates linearly along rows and columns (section 3.3).

    For the stride s, the kernel is k = 2 s - s % 2 and the padding s / 2, rounded down. Each channel is enlarged by
    itself: ``weight[c, c, i, j] = t(i) t(j)``, ``t(i) = 1 - |i - (k - 1) / 2| / s``. For s = 2, t is 0.25, 0.75, 0.75,
    0.25.

    Parameters
    ----------
    in_channels : int
        C.
    out_channels : int
        C as well; or 1, for a convolution with C groups.
    kernel_size : int
        k.

    Returns
    -------
    Tensor
        (C, C, k, k) or (C, 1, k, k), float32.
    """
    if out_channels not in (1, in_channels):
        expected = f"{in_channels} (or 1, for as many groups as channels)"
        raise bad_argument("bilinear_weight", "out_channels", f"is {out_channels}", expected, "channels do not mix")
    integer("bilinear_weight", "kernel_size", kernel_size, low=1)
    stride = (kernel_size + 1) // 2
    tent = 1 - np.abs(np.arange(kernel_size) - (kernel_size - 1) / 2) / stride
    weight = np.zeros((in_channels, out_channels, kernel_size, kernel_size), np.float32)
    channels = np.arange(in_channels)
    weight[channels, channels if out_channels > 1 else 0] = np.outer(tent, tent)
    return tensor(weight)


class Upsampling(nn.ConvTranspose2d):
    """Enlarge score maps ``factor`` times: bilinear at the start, and for ever unless it is ``learned``.

    A learned weight is (K, K, k, k) and may mix the classes; a fixed one is (K, 1, k, k), each class by itself.
    """

    def __init__(self, channels: int, factor: int, learned: bool):
        groups = 1 if learned else channels
        super().__init__(channels, channels, 2 * factor, factor, padding=factor // 2, groups=groups, bias=False)
        self.weight = nn.Parameter(bilinear_weight(channels, channels // groups, 2 * factor), requires_grad=learned)
        self.factor = factor

    def forward(self, x, size):
        """Map scores (N, K, ceil(H / s), ceil(W / s)) to (N, K, H, W), ``size`` = (H, W)."""
        x = super().forward(repeat_border(x))  # one cell more on each side has become s pixels more
        return crop(x, size, offset=self.factor)


def repeat_border(x):
    """Repeat the outermost rows and columns of (N, C, H, W): (N, C, H + 2, W + 2)."""
    x = cat([x[:, :, :1], x, x[:, :, -1:]], 2)
    return cat([x[:, :, :, :1], x, x[:, :, :, -1:]], 3)


class ScoreLayer(nn.Conv2d):
    """A 1 x 1 convolution to K scores that starts at zero (section 4.1)."""

    def __init__(self, channels: int, num_classes: int):
        super().__init__(channels, num_classes, 1)
        init.zeros_(self.weight)
        init.zeros_(self.bias)


class Backbone(nn.Module):
    """VGG's five stages of convolutions and pooling, then its fully connected layers fc6 and fc7 as convolutions."""

    def __init__(self, in_channels: int, widths, convs, hidden: int, hidden_kernel: int, dropout: float):
        super().__init__()
        stages = []
        for c, f, count in zip([in_channels, *widths[:-1]], widths, convs, strict=True):
            layers = [ConvBNReLU(a, b) for a, b in pairwise([c] + [f] * count)]
            stages.append(nn.Sequential(*layers, nn.MaxPool2d(2, ceil_mode=True)))
        self.stages = nn.ModuleList(stages)
        self.fc6 = ConvBNReLU(widths[-1], hidden, hidden_kernel)
        self.fc7 = ConvBNReLU(hidden, hidden, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        """Map (N, C, H, W) to the features of pool3, pool4 and fc7, at strides 8, 16 and 32."""
        pools = []
        for stage in self.stages:
            x = stage(x)  # (N, F, ceil(H / 2), ceil(W / 2))
            pools.append(x)
        x = self.dropout(self.fc6(x))  # (N, F, ceil(H / 32), ceil(W / 32))
        return pools[2], pools[3], self.dropout(self.fc7(x))


def _check_vgg(op: str, widths, convs, hidden_kernel: int) -> None:
    for argument, value in (("widths", widths), ("convs", convs)):
        if len(value) != STAGES:
            raise bad_argument(op, argument, f"is {value}", f"{STAGES} numbers", "pool5 is the last pooling")
    if hidden_kernel % 2 == 0:
        why = "only an odd kernel keeps the size"
        raise bad_argument(op, "hidden_kernel", f"is {hidden_kernel}", "an odd integer", why)


class FCN(nn.Module):
    """What the three networks share: the backbone, and its scores at stride 32.

    Parameters
    ----------
    num_classes : int
        K, background included where there is one.
    in_channels : int
        Channels of the image.
    widths, convs : sequence of int
        Channels and convolutions of the five stages.
    hidden : int
        Channels of fc6 and fc7.
    hidden_kernel : int
        Kernel of fc6; odd.
    dropout : float
        Probability that training sets an output of fc6 or fc7, or of a backbone's coarsest map, to zero.
    backbone : str or Module, optional
        What the scores are made of, in place of VGG's layers; see :func:`minidet.models.backbones.backbone`.
    pretrained : bool or dict
        Begin with the backbone's published weights.
    """

    strides = (8, 16, 32)  # where scores are made
    PAPER = {  # section 4.1: VGG16's layers
        "widths": (64, 128, 256, 512, 512),
        "convs": (2, 2, 3, 3, 3),
        "hidden": 4096,
        "hidden_kernel": 7,
    }

    def __init__(self, num_classes: int, in_channels: int, widths, convs, hidden: int, hidden_kernel: int,
                 dropout: float, backbone, pretrained):  # fmt: skip
        super().__init__()
        op = type(self).__name__
        self.options = (num_classes, in_channels, widths, convs, hidden, hidden_kernel, dropout)
        self.on_vgg = backbone is None
        if self.on_vgg:
            check_untrained(op, pretrained)
            _check_vgg(op, widths, convs, hidden_kernel)
            self.backbone = Backbone(in_channels, widths, convs, hidden, hidden_kernel, dropout)
            self.channels = {8: widths[2], 16: widths[3], 32: hidden}
        else:
            check_unused(op, in_channels=(in_channels, 3), widths=(widths, WIDTHS), convs=(convs, CONVS),
                         hidden=(hidden, HIDDEN), hidden_kernel=(hidden_kernel, HIDDEN_KERNEL))  # fmt: skip
            self.backbone = trunk(op, backbone, pretrained, self.strides)
            self.channels = self.backbone.channels
            self.dropout = nn.Dropout(dropout)
        self.score_fc7 = ScoreLayer(self.channels[32], num_classes)

    def features(self, images):
        """Return what scores are made of: pool3, pool4 and fc7, or the backbone's maps, by their strides."""
        if self.on_vgg:
            pool3, pool4, fc7 = self.backbone(normalise(images))
            return {8: pool3, 16: pool4, 32: fc7}
        maps = self.backbone(images)
        return {**maps, 32: self.dropout(maps[32])}

    def own_backbone(self):
        """Return a copy of the backbone, for a network that starts from this one; None for VGG's layers."""
        return None if self.on_vgg else copy.deepcopy(self.backbone)

    def start_from(self, coarser: FCN) -> None:
        """Copy the weights of all layers that ``coarser`` has too; the others keep theirs."""
        known = coarser.state_dict()
        self.load_state_dict({name: known.get(name, value) for name, value in self.state_dict().items()})


class FCN32s(FCN):
    """The coarsest scores, enlarged 32 times. Parameters as in :class:`FCN`."""

    strides = (32,)

    def __init__(self, num_classes: int, in_channels: int = 3, widths=WIDTHS, convs=CONVS, hidden: int = HIDDEN,
                 hidden_kernel: int = HIDDEN_KERNEL, dropout: float = 0.5, backbone=None,
                 pretrained=False):  # fmt: skip
        super().__init__(num_classes, in_channels, widths, convs, hidden, hidden_kernel, dropout, backbone, pretrained)
        self.upscore32 = Upsampling(num_classes, 32, learned=False)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits."""
        x = self.score_fc7(self.features(images)[32])  # (N, K, ceil(H / 32), ceil(W / 32))
        return self.upscore32(x, images.shape[-2:])


class FCN16s(FCN):
    """Two layers' scores, added at stride 16. Parameters as in :class:`FCN`, and one more.

    Parameters
    ----------
    learn_upsampling : bool
        True, as in the paper: the up-sampling between score maps is learned, that to the image stays bilinear. False:
        both stay bilinear.
    """

    strides = (16, 32)

    def __init__(self, num_classes: int, in_channels: int = 3, widths=WIDTHS, convs=CONVS, hidden: int = HIDDEN,
                 hidden_kernel: int = HIDDEN_KERNEL, dropout: float = 0.5, learn_upsampling: bool = True, backbone=None,
                 pretrained=False):  # fmt: skip
        super().__init__(num_classes, in_channels, widths, convs, hidden, hidden_kernel, dropout, backbone, pretrained)
        self.learn_upsampling = learn_upsampling
        self.upscore2 = Upsampling(num_classes, 2, learn_upsampling)
        self.score_pool4 = ScoreLayer(self.channels[16], num_classes)
        self.upscore16 = Upsampling(num_classes, 16, learned=False)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits."""
        maps = self.features(images)
        pool4 = self.score_pool4(maps[16])
        x = self.score_fc7(maps[32])
        x = self.upscore2(x, pool4.shape[-2:]) + pool4  # (N, K, ceil(H / 16), ceil(W / 16))
        return self.upscore16(x, images.shape[-2:])

    @classmethod
    def from_32s(cls, model: FCN32s, learn_upsampling: bool = True) -> FCN16s:
        """Start from a trained FCN-32s (section 4.2): the new score layer is zero, so it adds nothing yet."""
        if not isinstance(model, FCN32s):
            was = f"is a {type(model).__name__}"
            raise bad_argument("FCN16s.from_32s", "model", was, "an FCN32s", error=TypeError)
        finer = cls(*model.options, learn_upsampling, model.own_backbone())
        finer.start_from(model)
        return finer


class FCN8s(FCN):
    """Three layers' scores, added at strides 16 and 8. Parameters as in :class:`FCN16s`."""

    def __init__(self, num_classes: int, in_channels: int = 3, widths=WIDTHS, convs=CONVS, hidden: int = HIDDEN,
                 hidden_kernel: int = HIDDEN_KERNEL, dropout: float = 0.5, learn_upsampling: bool = True, backbone=None,
                 pretrained=False):  # fmt: skip
        super().__init__(num_classes, in_channels, widths, convs, hidden, hidden_kernel, dropout, backbone, pretrained)
        self.upscore2 = Upsampling(num_classes, 2, learn_upsampling)
        self.score_pool4 = ScoreLayer(self.channels[16], num_classes)
        self.upscore_pool4 = Upsampling(num_classes, 2, learn_upsampling)
        self.score_pool3 = ScoreLayer(self.channels[8], num_classes)
        self.upscore8 = Upsampling(num_classes, 8, learned=False)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits."""
        maps = self.features(images)
        pool3, pool4 = self.score_pool3(maps[8]), self.score_pool4(maps[16])
        x = self.score_fc7(maps[32])
        x = self.upscore2(x, pool4.shape[-2:]) + pool4  # (N, K, ceil(H / 16), ceil(W / 16))
        x = self.upscore_pool4(x, pool3.shape[-2:]) + pool3  # (N, K, ceil(H / 8), ceil(W / 8))
        return self.upscore8(x, images.shape[-2:])

    @classmethod
    def from_16s(cls, model: FCN16s) -> FCN8s:
        """Start from a trained FCN-16s (section 4.2): the new score layer is zero, so it adds nothing yet."""
        if not isinstance(model, FCN16s):
            was = f"is a {type(model).__name__}"
            raise bad_argument("FCN8s.from_16s", "model", was, "an FCN16s", error=TypeError)
        finer = cls(*model.options, model.learn_upsampling, model.own_backbone())
        finer.start_from(model)
        return finer
