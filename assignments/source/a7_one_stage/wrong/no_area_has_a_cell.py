"""An object without area is learnt like any other, if the cell is free."""

import numpy as np

LOSES = {"q1": ("nothing",)}


def cell_owners(boxes, cells, grid):
    owners = np.full((grid, grid), -1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    for number in np.argsort(-area, kind="stable")[::-1]:
        owners[tuple(cells[number])] = number
    return owners
