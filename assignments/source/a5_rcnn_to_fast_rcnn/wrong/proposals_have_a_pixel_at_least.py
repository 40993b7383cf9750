"""A proposal without area is given a side of one pixel, so that it can grow."""

import numpy as np

LOSES = {"q5": ("no area",)}


def move_boxes(boxes, features, weight, bias):
    steps = features @ weight + bias
    sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], 1)
    centres = boxes[:, :2] + sizes / 2 + steps[:, :2] * sizes
    halves = sizes * np.exp(steps[:, 2:]) / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)
