"""The upper left corner is moved, and the new size is put beside it: not the centre."""

import numpy as np

LOSES = {"q5": ("move", "no area")}


def move_boxes(boxes, features, weight, bias):
    steps = features @ weight + bias
    sizes = boxes[:, 2:] - boxes[:, :2]
    corners = boxes[:, :2] + steps[:, :2] * sizes
    return np.concatenate([corners, corners + sizes * np.exp(steps[:, 2:])], axis=1)
