"""A centre on the right or lower border falls into a cell with the number S, which does not exist."""

import numpy as np

LOSES = {"q1": ("borders",)}


def centre_cells(boxes, size, grid):
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 / [size[1], size[0]] * grid
    return np.maximum(middle[:, ::-1].astype(int), 0)
