"""Which detections are right, and how precise the first of them are: COCO's rules, compiled.

    match                                        precision_at
      for group                                    for class, size, threshold, limit
        for size, threshold                          for detection, by its score
          for detection, by its score                  count right and wrong; note the precision at each right one
            for object: the best that is left        from the last backward: the best so far

The sums are of integers, and overlaps are only compared: no order of the processor's operations changes a result.
"""

import numpy as np

from ..launch.jit import jit
from ..reference.regions.average_precision import IGNORED, RIGHT, WRONG

__all__ = ["IGNORED", "RIGHT", "WRONG", "match", "precision_at"]


@jit
def match(first_detection, first_truth, first_pair, ious, crowd, ignored, outside, thresholds):
    """Return whether detections are right, (S, T, D): see ``reference.regions.average_precision``."""
    states = np.zeros((ignored.shape[0], len(thresholds), outside.shape[1]), np.uint8)
    taken = np.zeros(len(crowd), np.bool_)
    for g in range(len(first_pair)):
        begin, end = first_truth[g], first_truth[g + 1]
        for s in range(ignored.shape[0]):
            for t in range(len(thresholds)):
                taken[begin:end] = False
                for d in range(first_detection[g], first_detection[g + 1]):
                    pair = first_pair[g] + (d - first_detection[g]) * (end - begin)
                    best, best_ignored = -1, -1
                    most, most_ignored = thresholds[t], thresholds[t]
                    for n in range(begin, end):
                        iou = ious[pair + n - begin]
                        if iou < thresholds[t] or (taken[n] and not crowd[n]):
                            continue
                        if ignored[s, n]:
                            if iou >= most_ignored:
                                best_ignored, most_ignored = n, iou
                        elif iou >= most:
                            best, most = n, iou
                    if best >= 0:
                        taken[best] = True
                        states[s, t, d] = RIGHT
                    elif best_ignored >= 0:
                        taken[best_ignored] = True
                        states[s, t, d] = IGNORED
                    elif outside[s, d]:
                        states[s, t, d] = IGNORED
    return states


@jit
def precision_at(order, first, rank, states, limits, needed):
    """Return precisions (T, R, K, S, M), and how many are right: see ``reference.regions.average_precision``."""
    num_classes, num_sizes, num_recalls = needed.shape
    num_thresholds, num_limits = states.shape[1], len(limits)
    precision = np.zeros((num_thresholds, num_recalls, num_classes, num_sizes, num_limits))
    found = np.zeros((num_thresholds, num_classes, num_sizes, num_limits), np.int64)
    reached = np.zeros(len(order) + 1)  # with i + 1 right ones
    for k in range(num_classes):
        for s in range(num_sizes):
            for t in range(num_thresholds):
                for m in range(num_limits):
                    right, wrong = 0, 0
                    for i in range(first[k], first[k + 1]):
                        d = order[i]
                        if rank[d] >= limits[m]:
                            continue
                        if states[s, t, d] == RIGHT:
                            right += 1
                            reached[right - 1] = right / (right + wrong)
                        elif states[s, t, d] == WRONG:
                            wrong += 1
                    found[t, k, s, m] = right
                    for i in range(right - 1, 0, -1):
                        reached[i - 1] = max(reached[i - 1], reached[i])
                    for r in range(num_recalls):
                        count = max(needed[k, s, r], 1)
                        if count <= right:
                            precision[t, r, k, s, m] = reached[count - 1]
    return precision, found
