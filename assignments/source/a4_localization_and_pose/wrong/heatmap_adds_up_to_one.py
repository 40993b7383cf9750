"""The map is divided by its sum, as if it were a probability: the highest cell is not near 1 any more."""

import numpy as np

LOSES = {"q8": ("centre", "between", "invisible", "outside")}


def heatmap_targets(joints, size, cell, sigma):
    h, w = size
    u, v = joints[:, 0, None] / cell, joints[:, 1, None] / cell
    weights = (joints[:, 2] > 0) & ((u >= 0) & (u <= w) & (v >= 0) & (v <= h))[:, 0]
    across = np.exp(-((np.arange(w) + 0.5 - u) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(h) + 0.5 - v) ** 2) / (2 * sigma**2))
    maps = down[:, :, None] * across[:, None]
    return weights[:, None, None] * maps / maps.sum(axis=(1, 2), keepdims=True), weights * 1.0
