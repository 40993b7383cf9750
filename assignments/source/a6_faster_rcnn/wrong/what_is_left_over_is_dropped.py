"""The number of places is rounded down: the last pixels of an image have no anchors."""

import numpy as np

LOSES = {"q1": ("left over",)}


def anchor_grid(cell, height, width, stride):
    rows, columns = height // stride, width // stride
    y, x = np.meshgrid((np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride, indexing="ij")
    middles = np.stack([x, y, x, y], axis=2)
    return (middles[:, :, None] + cell).reshape(-1, 4)
