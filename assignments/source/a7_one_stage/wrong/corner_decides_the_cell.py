"""The cell that holds the upper left corner learns the object, in place of that of its centre."""

import numpy as np

LOSES = {"q1": ("cells",)}


def centre_cells(boxes, size, grid):
    corner = boxes[:, :2] / [size[1], size[0]] * grid
    return np.clip(np.floor(corner[:, ::-1]), 0, grid - 1).astype(int)
