"""The place of cell c is taken for c, not c + 0.5: every target is moved by half a cell."""

import numpy as np

LOSES = {"q8": ("centre", "between", "invisible", "outside")}


def heatmap_targets(joints, size, cell, sigma):
    h, w = size
    u, v = joints[:, 0, None] / cell, joints[:, 1, None] / cell
    weights = (joints[:, 2] > 0) & (u >= 0)[:, 0] & (u <= w)[:, 0] & (v >= 0)[:, 0] & (v <= h)[:, 0]
    across = np.exp(-((np.arange(w) - u) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(h) - v) ** 2) / (2 * sigma**2))
    return weights[:, None, None] * down[:, :, None] * across[:, None], weights * 1.0
