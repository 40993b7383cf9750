"""x is clipped to width - 1, the number of the last pixel."""

import numpy as np

LOSES = {"q6": ("clip",)}


def clip_boxes(boxes, height, width):
    return np.clip(boxes, 0, np.array([width - 1, height - 1, width - 1, height - 1]))
