"""x, y and the roots of w and h, as in question 1: YOLO's codes in place of the term's."""

import numpy as np

LOSES = {"q8": ("codes", "decode")}


def grid_codes(boxes, owner, size):
    side, codes = np.array([size[1], size[0]]), np.zeros((*owner.shape, 4))
    for row, column in np.argwhere(owner >= 0):
        box = boxes[owner[row, column]]
        codes[row, column, :2] = (box[:2] + box[2:]) / 2 / side * len(owner) - (column, row)
        codes[row, column, 2:] = np.sqrt((box[2:] - box[:2]) / side)
    return codes


def grid_boxes(codes, size):
    grid, side = len(codes), np.array([size[1], size[0]])
    row, column = np.mgrid[:grid, :grid]
    middle = (codes[..., :2] + np.stack([column, row], -1)) / grid * side
    half = codes[..., 2:] ** 2 * side / 2
    return np.concatenate([middle - half, middle + half], -1)
