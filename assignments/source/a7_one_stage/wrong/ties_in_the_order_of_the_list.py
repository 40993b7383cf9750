"""Detections with equal scores are taken in the order of the list, one by one."""

import numpy as np

LOSES = {"q10": ("ties",)}


def of(rule):
    def class_score(scores, overlaps, total, threshold):
        order = np.argsort(-scores, kind="stable")
        return rule(overlaps[order], total, threshold)

    def mean_score(labels, scores, overlaps, totals, threshold):
        values = [class_score(scores[labels == k], overlaps[labels == k], totals[k], threshold)
                  for k in np.flatnonzero(totals)]
        return float(np.mean(values)) if values else 0.0

    return {"class_score": class_score, "mean_score": mean_score}


def groups(overlaps, total, threshold):
    right = np.cumsum(overlaps >= threshold)
    return float((np.diff(right, prepend=0) * right / np.arange(1, len(right) + 1)).sum() / total)


def trapezoids(overlaps, total, threshold):
    right = np.cumsum(overlaps >= threshold)
    precision = np.append(1.0, right / np.arange(1, len(right) + 1))
    return float((np.diff(right, prepend=0) * (precision[1:] + precision[:-1])).sum() / 2 / total)


def soft(overlaps, total, threshold):
    fit = np.where(overlaps >= threshold, overlaps, 0)
    return float((fit * np.cumsum(fit) / np.arange(1, len(fit) + 1)).sum() / total)


VARIANTS_OF = {"q10": {"groups": of(groups), "trapezoids": of(trapezoids), "soft": of(soft)}}
