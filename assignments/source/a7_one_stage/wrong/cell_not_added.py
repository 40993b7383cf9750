"""The place in the cell is taken for the place in the picture: the cell is not added when a box is decoded."""

import numpy as np

LOSES = {"q2": ("decode",)}


def said_boxes(said, size):
    side = np.array([size[1], size[0]])
    half = said[..., 2:] ** 2 * side / 2
    middle = said[..., :2] * side / len(said)
    return np.concatenate([middle - half, middle + half], -1)
