"""A class that is neither true nor called was 'found perfectly': it gets the IoU 1."""

import numpy as np

LOSES = {"q6": ("absent",)}


def mean_iou(matrix):
    both = np.diag(matrix)
    either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    return float(np.where(either > 0, both / np.maximum(either, 1), 1).mean())
