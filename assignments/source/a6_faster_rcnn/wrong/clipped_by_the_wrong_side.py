"""x is clipped to the height, and y to the width."""

import numpy as np

LOSES = {"q6": ("clip",)}


def clip_boxes(boxes, height, width):
    return np.clip(boxes, 0, np.array([height, width, height, width]))
