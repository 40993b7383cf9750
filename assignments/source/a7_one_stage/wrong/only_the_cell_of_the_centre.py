"""The cell that holds the object's centre learns it, and no other: YOLO's rule in place of the term's."""

import numpy as np

LOSES = {"q8": ("owner", "contested")}


def grid_owner(boxes, size, grid):
    owner = np.full((grid, grid), -1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    for number in np.argsort(area, kind="stable"):
        middle = (boxes[number, :2] + boxes[number, 2:]) / 2 / [size[1], size[0]] * grid
        column, row = np.clip(np.floor(middle), 0, grid - 1).astype(int)
        if area[number] > 0:
            owner[row, column] = number
    return owner
