"""The ratio is taken for width / height: wide anchors become tall ones."""

import numpy as np

LOSES = {"q1": ("shapes", "order")}


def cell_anchors(sizes, ratios):
    size = np.tile(np.asarray(sizes, float), len(ratios))
    root = np.sqrt(np.repeat(np.asarray(ratios, float), len(sizes)))
    half_w, half_h = size * root / 2, size / root / 2
    return np.stack([-half_w, -half_h, half_w, half_h], axis=1)
