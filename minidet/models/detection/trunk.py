"""The first box of every detector's figure: a backbone, and a pyramid on it if one is asked for."""

from __future__ import annotations

from ... import nn
from ...errors import bad_argument
from ...ops import AnchorGenerator
from ..backbones import Backbone, FeaturePyramid
from ..backbones import backbone as build

STRIDE = 16  # of the only map, where nothing else is asked for: that of VGG-16's last convolution
SINGLE = (2.0, 4.0, 8.0)  # anchor sizes on a single map, in strides
PER_LEVEL = (2.8, 4.0)  # and on each map of several: half an octave apart


def build_trunk(op: str, backbone, pretrained=False, strides=None, pyramid: int | None = None) -> nn.Module:
    """Return a backbone whose maps have equally many channels, so that one head can work on all of them.

    Parameters
    ----------
    op : str
        Who asks, for errors.
    backbone, pretrained
        As in :func:`minidet.models.backbones.backbone`.
    strides : sequence of int, optional
        Of the maps. By default a pyramid has those of the backbone; else there is one map, of stride 16 if the
        backbone has it, else its coarsest.
    pyramid : int, optional
        Channels of a :class:`FeaturePyramid` to put on the backbone.
    """
    if pyramid is not None:
        return FeaturePyramid(backbone, pyramid, strides, pretrained=pretrained)
    trunk = build(backbone, strides, pretrained)
    if strides is None and isinstance(trunk, Backbone):
        trunk = trunk.part((STRIDE if STRIDE in trunk.levels else max(trunk.levels),))
    if len(set(trunk.channels.values())) > 1:
        why = "one head works on all maps; pyramid=96 makes them alike"
        raise bad_argument(op, "strides", f"is {tuple(trunk.channels)}", "one stride without a pyramid", why)
    return trunk


def build_anchors(op: str, trunk: nn.Module, sizes=None, aspect_ratios=(0.5, 1.0, 2.0)) -> AnchorGenerator:
    """Return anchors for each of the trunk's maps.

    Parameters
    ----------
    sizes : tuple of tuple of float, optional
        Of each map, the finest first: square roots of the anchors' areas, in pixels. By default 2, 4 and 8 strides on a
        single map, and 2.8 and 4 strides on each of several.
    aspect_ratios : tuple of float
        Heights divided by widths, the same on all maps.
    """
    strides = sorted(trunk.channels)
    if sizes is None:
        factors = SINGLE if len(strides) == 1 else PER_LEVEL
        sizes = tuple(tuple(factor * stride for factor in factors) for stride in strides)
    if not isinstance(sizes, (tuple, list)) or len(sizes) != len(strides):
        was = f"has {len(sizes)} entries" if isinstance(sizes, (tuple, list)) else f"is {sizes!r:.40}"
        raise bad_argument(op, "anchor_sizes", was, f"a tuple of sizes for each of the {len(strides)} maps")
    sizes = tuple(level if isinstance(level, (tuple, list)) else (level,) for level in sizes)
    if any(len(level) != len(sizes[0]) for level in sizes):
        why = "one head works on all of them"
        raise bad_argument(op, "anchor_sizes", "have different numbers", "equally many sizes on each map", why)
    return AnchorGenerator(sizes, (tuple(aspect_ratios),) * len(sizes))
