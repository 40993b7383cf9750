"""The size is the width, and the ratio makes the height of it: the area grows with the ratio."""

import numpy as np

LOSES = {"q1": ("shapes", "order")}


def cell_anchors(sizes, ratios):
    size = np.tile(np.asarray(sizes, float), len(ratios))
    ratio = np.repeat(np.asarray(ratios, float), len(sizes))
    half_w, half_h = size / 2, size * ratio / 2
    return np.stack([-half_w, -half_h, half_w, half_h], axis=1)
