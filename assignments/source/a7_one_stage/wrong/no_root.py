"""Widths and heights are coded without the root, and decoded without the square."""

import numpy as np

LOSES = {"q1": ("codes",), "q2": ("decode",)}


def cell_codes(boxes, cells, size, grid):
    side = np.array([size[1], size[0]])
    place = (boxes[:, :2] + boxes[:, 2:]) / 2 / side * grid - cells[:, ::-1]
    return np.concatenate([place, (boxes[:, 2:] - boxes[:, :2]) / side], 1)


def said_boxes(said, size):
    grid, side = len(said), np.array([size[1], size[0]])
    row, column = np.mgrid[:grid, :grid]
    middle = (said[..., :2] + np.stack([column, row], -1)[:, :, None]) / grid * side
    half = said[..., 2:] * side / 2
    return np.concatenate([middle - half, middle + half], -1)
