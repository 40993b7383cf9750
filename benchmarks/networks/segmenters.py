"""The convolutions of minidet's own segmentation networks, as ``minidet/models/segmentation`` builds them."""

from __future__ import annotations

from itertools import pairwise

from .layers import At, Conv

CLASSES = 11  # as in the training steps of benchmarks.cases


def unet(width: int = 16, levels: int = 4, classes: int = CLASSES) -> list:
    """Pairs of 3 x 3; on the way up, a transposed 2 x 2 and the copy beside it."""
    widths = [width * 2**level for level in range(levels)]
    rows = []
    for level, (c, f) in enumerate(pairwise([3, *widths])):
        rows += [At(2**level), Conv(c, f, bias=False, image=level == 0), Conv(f, f, bias=False)]
    for level, (f, c) in reversed(list(enumerate(pairwise(widths)))):
        rows += [At(2 ** (level + 1)), Conv(c, f, 2, s=2, p=0, transposed=True), At(2**level)]
        rows += [Conv(2 * f, f, bias=False), Conv(f, f, bias=False)]
    return [*rows, Conv(width, classes, 1)]


def unet_fast(width: int = 24, levels: int = 4, classes: int = CLASSES) -> list:
    """``UNet.FAST``: everything at half the resolution, sums in place of copies, 4 K channels at the end."""
    widths = [width * 2**level for level in range(levels)]
    rows = [Conv(3, width, s=2, bias=False, image=True)]
    for level, (c, f) in enumerate(pairwise([width, *widths])):
        shortcut = [Conv(c, f, 1, bias=False, aside=True)] if c != f else []
        rows += [At(2 ** (level + 1)), *shortcut, Conv(c, f, bias=False), Conv(f, f, bias=False)]
    for level, (f, c) in reversed(list(enumerate(pairwise(widths)))):
        rows += [At(2 ** (level + 2)), Conv(c, f, 2, s=2, p=0, transposed=True), At(2 ** (level + 1))]
        rows.append(Conv(f, f, bias=False))
    return [*rows, Conv(width, 4 * classes, 1)]


def segnet(widths=(16, 32, 64, 96, 128), convs=(1, 2, 2, 2, 2), classes: int = CLASSES) -> list:
    """Stages of 3 x 3 between poolings, and the same mirrored between unpoolings."""
    stages = list(zip([3, *widths], widths, convs, strict=False))
    rows = []
    for level, (c, f, count) in enumerate(stages):
        rows += [At(2**level, ceil=False), Conv(c, f, bias=False, image=level == 0)]
        rows.append(Conv(f, f, bias=False, times=count - 1))
    for level, (c, f, count) in reversed(list(enumerate(stages))):
        rows += [At(2**level, ceil=False), Conv(f, f, bias=False, times=count - 1)]
        rows.append(Conv(f, c if level else widths[0], bias=False))
    return [*rows, Conv(widths[0], classes, 3)]
