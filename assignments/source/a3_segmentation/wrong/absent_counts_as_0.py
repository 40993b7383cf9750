"""A class that is neither true nor called gets the IoU 0, and is part of the mean."""

import numpy as np

LOSES = {"q6": ("absent",)}


def mean_iou(matrix):
    both = np.diag(matrix)
    either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    return float((both / np.maximum(either, 1)).mean())
