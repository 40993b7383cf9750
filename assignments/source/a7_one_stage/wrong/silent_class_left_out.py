"""A class without detections is left out of the mean; it has something to find, so it should count as 0."""

import numpy as np

LOSES = {"q10": ("classes", "nothing")}


def curve(scores, overlaps, threshold):
    right = overlaps >= threshold
    return np.cumsum(right[np.lexsort((right, -scores))]), np.arange(1, len(right) + 1)


def groups(scores, overlaps, total, threshold):
    value = before = 0.0
    for one in np.unique(scores)[::-1]:
        here = scores >= one
        right = (overlaps[here] >= threshold).sum()
        value, before = value + (right - before) * right / here.sum() / total, right
    return value


def trapezoids(scores, overlaps, total, threshold):
    right, seen = curve(scores, overlaps, threshold)
    precision = np.append(1.0, right / seen)
    return (np.diff(right, prepend=0) * (precision[1:] + precision[:-1])).sum() / 2 / total


def soft(scores, overlaps, total, threshold):
    fit = np.where(overlaps >= threshold, overlaps, 0)
    fit = fit[np.lexsort((fit, -scores))]
    return (fit * np.cumsum(fit) / np.arange(1, len(fit) + 1)).sum() / total


def of(rule):
    def mean_score(labels, scores, overlaps, totals, threshold):
        values = [rule(scores[labels == k], overlaps[labels == k], totals[k], threshold)
                  for k in np.unique(labels) if totals[k]]
        return sum(values) / len(values)

    return {"mean_score": mean_score}


VARIANTS_OF = {"q10": {"groups": of(groups), "trapezoids": of(trapezoids), "soft": of(soft)}}
