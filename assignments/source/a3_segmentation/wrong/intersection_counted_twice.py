"""True pixels plus called pixels: the pixels that are both are counted twice in the union."""

import numpy as np

LOSES = {"q6": ("iou", "absent")}


def mean_iou(matrix):
    both = np.diag(matrix)
    either = matrix.sum(axis=0) + matrix.sum(axis=1)
    return float((both / np.maximum(either, 1))[either > 0].mean())
