"""The area under the steps of the largest precision, PASCAL VOC's, in place of the term's measure."""

import numpy as np

LOSES = {"q10": ("values", "ties", "classes")}


def class_score(scores, overlaps, total, threshold):
    right = np.cumsum((overlaps >= threshold)[np.lexsort((overlaps >= threshold, -scores))])
    best = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    return float((np.diff(right, prepend=0) * best).sum() / total)


def mean_score(labels, scores, overlaps, totals, threshold):
    values = [class_score(scores[labels == k], overlaps[labels == k], totals[k], threshold)
              for k in np.flatnonzero(totals)]
    return float(np.mean(values)) if values else 0.0
