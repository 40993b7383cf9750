"""size is taken for (width, height), so x is divided by the height."""

import numpy as np

LOSES = {"q1": ("cells", "borders", "codes")}


def centre_cells(boxes, size, grid):
    x = (boxes[:, 0] + boxes[:, 2]) / 2 / size[0] * grid
    y = (boxes[:, 1] + boxes[:, 3]) / 2 / size[1] * grid
    return np.clip(np.floor(np.stack([y, x], 1)), 0, grid - 1).astype(int)


def cell_codes(boxes, cells, size, grid):
    x = (boxes[:, 0] + boxes[:, 2]) / 2 / size[0] * grid - cells[:, 1]
    y = (boxes[:, 1] + boxes[:, 3]) / 2 / size[1] * grid - cells[:, 0]
    w, h = (boxes[:, 2] - boxes[:, 0]) / size[0], (boxes[:, 3] - boxes[:, 1]) / size[1]
    return np.stack([x, y, np.sqrt(w), np.sqrt(h)], 1)
