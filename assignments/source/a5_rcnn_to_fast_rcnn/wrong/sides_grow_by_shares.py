"""Sides grow by a share of themselves, 1 + d, and not by e to the power of d."""

import numpy as np

LOSES = {"q5": ("move", "no area")}


def move_boxes(boxes, features, weight, bias):
    steps = features @ weight + bias
    sizes = boxes[:, 2:] - boxes[:, :2]
    centres = boxes[:, :2] + sizes / 2 + steps[:, :2] * sizes
    halves = sizes * (1 + steps[:, 2:]) / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)
