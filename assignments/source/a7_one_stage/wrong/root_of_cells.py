"""Widths and heights are counted in cells, as x and y are; they should be shares of the whole picture."""

import numpy as np

LOSES = {"q1": ("codes",), "q2": ("decode",)}


def cell_codes(boxes, cells, size, grid):
    side = np.array([size[1], size[0]]) / grid
    place = (boxes[:, :2] + boxes[:, 2:]) / 2 / side - cells[:, ::-1]
    return np.concatenate([place, np.sqrt((boxes[:, 2:] - boxes[:, :2]) / side)], 1)


def said_boxes(said, size):
    grid = len(said)
    side = np.array([size[1], size[0]]) / grid
    row, column = np.mgrid[:grid, :grid]
    middle = (said[..., :2] + np.stack([column, row], -1)[:, :, None]) * side
    half = said[..., 2:] ** 2 * side / 2
    return np.concatenate([middle - half, middle + half], -1)
