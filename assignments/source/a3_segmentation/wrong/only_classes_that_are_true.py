"""A class without true pixels is left out even if it was called: inventing it costs nothing."""

import numpy as np

LOSES = {"q6": ("absent",)}


def mean_iou(matrix):
    both = np.diag(matrix)
    either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    return float((both / np.maximum(either, 1))[matrix.sum(axis=1) > 0].mean())
