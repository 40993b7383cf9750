"""argsort()[::-1] sorts by descending scores, and turns the order of equal ones around."""

import numpy as np

LOSES = {"q6": ("ties",)}


def average_precision(scores, right, total):
    hits = np.asarray(right, bool)[np.argsort(scores, kind="stable")[::-1]]
    recall, precision = np.cumsum(hits) / total, np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)]))
