"""Cells are named (column, row), as x comes before y; in arrays the row comes first."""

import numpy as np

LOSES = {"q1": ("cells", "borders")}


def centre_cells(boxes, size, grid):
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 / [size[1], size[0]] * grid
    return np.clip(np.floor(middle), 0, grid - 1).astype(int)
