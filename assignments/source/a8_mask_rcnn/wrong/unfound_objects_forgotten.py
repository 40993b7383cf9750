"""Recall is the share of the objects that were found in the end, which is always 1."""

import numpy as np

LOSES = {"q6": ("ties", "precision")}


def average_precision(scores, right, total):
    hits = np.asarray(right, bool)[np.argsort(-np.asarray(scores), kind="stable")]
    recall, precision = np.cumsum(hits) / max(hits.sum(), 1), np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)]))
