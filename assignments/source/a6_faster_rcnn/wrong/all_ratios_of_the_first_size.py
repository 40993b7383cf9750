"""The sizes are the outer loop: all ratios of the first size come first."""

import numpy as np

LOSES = {"q1": ("order",)}


def cell_anchors(sizes, ratios):
    size = np.repeat(np.asarray(sizes, float), len(ratios))
    root = np.sqrt(np.tile(np.asarray(ratios, float), len(sizes)))
    half_w, half_h = size / root / 2, size * root / 2
    return np.stack([-half_w, -half_h, half_w, half_h], axis=1)
