"""The hill stands on the centre of the joint's cell, not on the joint: what the neighbours knew is lost."""

import numpy as np

LOSES = {"q8": ("between", "outside")}


def heatmap_targets(joints, size, cell, sigma):
    h, w = size
    u, v = np.floor(joints[:, 0, None] / cell) + 0.5, np.floor(joints[:, 1, None] / cell) + 0.5
    x, y = joints[:, 0] / cell, joints[:, 1] / cell
    weights = (joints[:, 2] > 0) & (x >= 0) & (x <= w) & (y >= 0) & (y <= h)
    across = np.exp(-((np.arange(w) + 0.5 - u) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(h) + 0.5 - v) ** 2) / (2 * sigma**2))
    return weights[:, None, None] * down[:, :, None] * across[:, None], weights * 1.0
