"""The area below the curve of precision, as in later years of VOC, in place of the mean over 101 recalls."""

import numpy as np

LOSES = {"q6": ("precision",)}


def average_precision(scores, right, total):
    hits = np.asarray(right, bool)[np.argsort(-np.asarray(scores), kind="stable")]
    recall, precision = np.cumsum(hits) / total, np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best = [precision[i:].max() for i in range(len(hits))]
    steps = np.diff(np.concatenate([[0], recall]))
    return float((steps * best).sum())
