"""At each recall the precision there is taken, not the largest one at that recall or a higher one."""

import numpy as np

LOSES = {"q6": ("precision",)}


def average_precision(scores, right, total):
    hits = np.asarray(right, bool)[np.argsort(-np.asarray(scores), kind="stable")]
    recall, precision = np.cumsum(hits) / total, np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(np.mean([(precision[recall >= r][0] if (recall >= r).any() else 0) for r in np.linspace(0, 1, 101)]))
