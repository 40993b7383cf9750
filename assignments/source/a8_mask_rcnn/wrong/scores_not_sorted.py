"""Detections are counted in the order in which they come, not by their scores."""

import numpy as np

LOSES = {"q6": ("precision",)}


def average_precision(scores, right, total):
    hits = np.asarray(right, bool)
    recall, precision = np.cumsum(hits) / total, np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)]))
