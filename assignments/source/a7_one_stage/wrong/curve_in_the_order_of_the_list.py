"""Precision and recall are counted in the order of the list, not by descending scores."""

import numpy as np

LOSES = {"q7": ("curve",)}


def precision_recall(marks, scores, total):
    ordered = marks
    ordered = ordered[ordered >= 0]
    right = np.cumsum(ordered)
    return right / np.arange(1, len(right) + 1), right / total
