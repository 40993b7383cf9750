"""The convolutions of the classifiers that serve as backbones; sizes as in torchvision."""

from __future__ import annotations

from .layers import Conv, Pool


def mobilenet_v2() -> list:
    """Sandler et al., CVPR 2018, table 2: expand (1 x 1), filter each channel (3 x 3), project (1 x 1)."""
    rows = [Conv(3, 32, 3, s=2, bias=False, image=True)]
    channels = 32
    stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for expansion, filters, blocks, first_stride in stages:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            hidden = expansion * channels
            if expansion > 1:
                rows.append(Conv(channels, hidden, 1, bias=False))
            rows.append(Conv(hidden, hidden, 3, s=stride, g=hidden, bias=False))
            rows.append(Conv(hidden, filters, 1, bias=False))
            channels = filters
    return [*rows, Conv(channels, 1280, 1, bias=False)]


RESNET_STEM = [Conv(3, 64, 7, s=2, bias=False, image=True), Pool(3, 2, 1)]


def basic_stage(c: int, f: int, blocks: int, stride: int) -> list:
    """Blocks of two 3 x 3 (He et al., CVPR 2016, figure 5, left); a 1 x 1 where the shortcut changes the size."""
    shortcut = [Conv(c, f, 1, s=stride, bias=False, aside=True)] if stride > 1 or c != f else []
    first = [Conv(c, f, 3, s=stride, bias=False), Conv(f, f, 3, bias=False)]
    return [*shortcut, *first, Conv(f, f, 3, bias=False, times=2 * (blocks - 1))]


def bottleneck_stage(c: int, width: int, blocks: int, stride: int) -> list:
    """Blocks of 1 x 1, 3 x 3, 1 x 1 (figure 5, right), the stride in the 3 x 3 as in torchvision."""
    f = 4 * width
    rows = [Conv(c, f, 1, s=stride, bias=False, aside=True)]
    for block in range(blocks):
        rows.append(Conv(f if block else c, width, 1, bias=False))
        rows.append(Conv(width, width, 3, s=1 if block else stride, bias=False))
        rows.append(Conv(width, f, 1, bias=False))
    return rows


def resnet18() -> list:
    """Table 1, 18 layers."""
    stages = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
    return [*RESNET_STEM, *(row for c, f, stride in stages for row in basic_stage(c, f, 2, stride))]


def resnet50() -> list:
    """Table 1, 50 layers."""
    stages = [(64, 64, 3, 1), (256, 128, 4, 2), (512, 256, 6, 2), (1024, 512, 3, 2)]
    return [*RESNET_STEM, *(row for stage in stages for row in bottleneck_stage(*stage))]


def vgg16() -> list:
    """Simonyan and Zisserman, ICLR 2015, table 1, column D."""
    rows, channels = [], 3
    for filters, convs in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        rows.append(Conv(channels, filters, image=channels == 3))
        rows += [Conv(filters, filters, times=convs - 1), Pool()]
        channels = filters
    return rows


def squeezenet() -> list:
    """Iandola et al., arXiv:1602.07360, table 1 (version 1.0): a fire module squeezes (1 x 1), and expands two ways."""
    rows = [Conv(3, 96, 7, s=2, p=0, image=True), Pool(3, 2, ceil=True)]
    fires = [(96, 16, 64), (128, 16, 64), (128, 32, 128), None, (256, 32, 128), (256, 48, 192), (384, 48, 192),
             (384, 64, 256), None, (512, 64, 256)]  # fmt: skip
    for fire in fires:
        if fire is None:
            rows.append(Pool(3, 2, ceil=True))
        else:
            c, squeezed, expanded = fire
            rows += [Conv(c, squeezed, 1), Conv(squeezed, expanded, 1, aside=True), Conv(squeezed, expanded, 3)]
    return [*rows, Conv(512, 1000, 1)]


def resnet50_stage_on_regions() -> list:
    """The last stage of ResNet-50 on 14 x 14 features of every region (He et al., CVPR 2016, appendix A)."""
    return bottleneck_stage(1024, 512, 3, 2)
