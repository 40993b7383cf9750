"""Recall is divided by what was found, not by what there is: it always reaches 1."""

import numpy as np

LOSES = {"q7": ("curve",)}


def precision_recall(marks, scores, total):
    ordered = marks[np.argsort(-scores, kind="stable")]
    ordered = ordered[ordered >= 0]
    right = np.cumsum(ordered)
    return right / np.arange(1, len(right) + 1), right / max(right.max(initial=0), 1)
