"""The centre moves by pixels: the step is not multiplied by the proposal's size."""

import numpy as np

LOSES = {"q5": ("move", "no area")}


def move_boxes(boxes, features, weight, bias):
    steps = features @ weight + bias
    sizes = boxes[:, 2:] - boxes[:, :2]
    centres = boxes[:, :2] + sizes / 2 + steps[:, :2]
    halves = sizes * np.exp(steps[:, 2:]) / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)
