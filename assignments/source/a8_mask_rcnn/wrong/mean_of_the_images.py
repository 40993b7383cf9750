"""The AP of each image by itself, and then the mean of those."""

import numpy as np

LOSES = {"q6": ("classes", "absent")}


def mask_iou(found, true):
    ious = np.zeros((len(found), len(true)))
    for d, g in np.ndindex(*ious.shape):
        either = (found[d] | true[g]).sum()
        ious[d, g] = (found[d] & true[g]).sum() / either if either else 0
    return ious


def match(ious, threshold):
    free = np.ones(ious.shape[1], bool)
    right = np.zeros(len(ious), bool)
    for d, row in enumerate(ious):
        best, chosen = threshold, None
        for g in np.flatnonzero(free):
            if row[g] >= best:
                best, chosen = row[g], g
        if chosen is not None:
            right[d], free[chosen] = True, False
    return right


def average_precision(scores, right, total):
    hits = np.asarray(right, bool)[np.argsort(-np.asarray(scores), kind="stable")]
    recall, precision = np.cumsum(hits) / total, np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)]))


def ap_of(detections, truths, classes):
    thresholds = np.linspace(0.5, 0.95, 10)
    table = []
    for k in range(1, classes):
        total = sum(int((labels == k).sum()) for _, labels in truths)
        if not total:
            continue
        scores, right = [], [[] for _ in thresholds]
        for (masks, labels, points), (true, names) in zip(detections, truths):
            mine = np.flatnonzero(labels == k)
            mine = mine[np.argsort(-points[mine], kind="stable")]
            ious = mask_iou(masks[mine], true[names == k])
            scores.extend(points[mine])
            for row, threshold in zip(right, thresholds):
                row.extend(match(ious, threshold))
        table.append([average_precision(scores, row, total) for row in right])
    means = np.mean(table, axis=0)
    return float(means.mean()), float(means[0]), float(means[5])


def mask_ap(detections, truths, classes):
    each = [ap_of([one], [truth], classes) for one, truth in zip(detections, truths) if len(truth[1])]
    return tuple(float(value) for value in np.mean(each, axis=0))
