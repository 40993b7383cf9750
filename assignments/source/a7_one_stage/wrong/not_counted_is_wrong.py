"""What is not counted, -1, is counted as wrong in the precision."""

import numpy as np

LOSES = {"q7": ("curve",)}


def precision_recall(marks, scores, total):
    ordered = marks[np.argsort(-scores, kind="stable")]
    ordered = np.maximum(ordered, 0)
    right = np.cumsum(ordered)
    return right / np.arange(1, len(right) + 1), right / total
