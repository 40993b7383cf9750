"""Only the right and the lower border cut: negative corners stay."""

import numpy as np

LOSES = {"q6": ("clip",)}


def clip_boxes(boxes, height, width):
    return np.minimum(boxes, np.array([width, height, width, height]))
