"""The joint's place is not divided by the cell's size: pixels are taken for cells."""

import numpy as np

LOSES = {"q8": ("between",)}


def heatmap_targets(joints, size, cell, sigma):
    h, w = size
    u, v = joints[:, 0, None], joints[:, 1, None]
    weights = (joints[:, 2] > 0) & (u >= 0)[:, 0] & (u <= w * cell)[:, 0] & (v >= 0)[:, 0] & (v <= h * cell)[:, 0]
    across = np.exp(-((np.arange(w) + 0.5 - u) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(h) + 0.5 - v) ** 2) / (2 * sigma**2))
    return weights[:, None, None] * down[:, :, None] * across[:, None], weights * 1.0
