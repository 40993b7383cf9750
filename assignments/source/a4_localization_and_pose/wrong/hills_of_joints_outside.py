"""A joint outside of the picture still sends its slope into the map, and counts."""

import numpy as np

LOSES = {"q8": ("outside",)}


def heatmap_targets(joints, size, cell, sigma):
    h, w = size
    u, v = joints[:, 0, None] / cell, joints[:, 1, None] / cell
    weights = (joints[:, 2] > 0) * 1.0
    across = np.exp(-((np.arange(w) + 0.5 - u) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(h) + 0.5 - v) ** 2) / (2 * sigma**2))
    return weights[:, None, None] * down[:, :, None] * across[:, None], weights
