"""Anchors lie around the upper left corner of a cell, half a stride away from its middle."""

import numpy as np

LOSES = {"q1": ("places", "left over")}


def anchor_grid(cell, height, width, stride):
    rows, columns = -(-height // stride), -(-width // stride)
    y, x = np.meshgrid(np.arange(rows) * stride, np.arange(columns) * stride, indexing="ij")
    middles = np.stack([x, y, x, y], axis=2)
    return (middles[:, :, None] + cell).reshape(-1, 4)
