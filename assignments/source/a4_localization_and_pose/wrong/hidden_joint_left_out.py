"""v > 1 is asked for v > 0: joints that are hidden, but labelled, are not learnt."""

import numpy as np

LOSES = {"q8": ("invisible",)}


def heatmap_targets(joints, size, cell, sigma):
    h, w = size
    u, v = joints[:, 0, None] / cell, joints[:, 1, None] / cell
    weights = (joints[:, 2] > 1) & ((u >= 0) & (u <= w) & (v >= 0) & (v <= h))[:, 0]
    across = np.exp(-((np.arange(w) + 0.5 - u) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(h) + 0.5 - v) ** 2) / (2 * sigma**2))
    return weights[:, None, None] * down[:, :, None] * across[:, None], weights * 1.0
