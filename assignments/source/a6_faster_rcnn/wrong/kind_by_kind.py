"""All places of the first anchor come first, then all places of the second one."""

import numpy as np

LOSES = {"q1": ("places", "left over")}


def anchor_grid(cell, height, width, stride):
    rows, columns = -(-height // stride), -(-width // stride)
    y, x = np.meshgrid((np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride, indexing="ij")
    middles = np.stack([x, y, x, y], axis=2)
    return (middles[None] + cell[:, None, None]).reshape(-1, 4)
