"""Which detections are right, and how precise the first of them are: COCO's rules, in plain Python.

Detections lie in groups, one for each image and class, each in the order of descending scores.
"""

import numpy as np

WRONG, RIGHT, IGNORED = 0, 1, 2


def match(first_detection, first_truth, first_pair, ious, crowd, ignored, outside, thresholds):
    """Give each detection, in its turn, the object that it overlaps most among those that are left.

    An object that counts is preferred to an ignored one, whatever the overlap; of equal overlaps the last object is
    taken. A crowd may be given any number of times. A detection with an ignored object is ignored; so is one without
    any that lies ``outside`` of the sizes that are looked for.

    Parameters
    ----------
    first_detection, first_truth : (G + 1,) int64
        Group g has the detections from ``first_detection[g]`` to ``first_detection[g + 1]``.
    first_pair : (G,) int64
        Where its overlaps begin.
    ious : (P,) float64
        Of each detection of a group with each object of it, row by row.
    crowd : (N,) bool
    ignored : (S, N) bool
        For each range of sizes, whether an object does not count.
    outside : (S, D) bool
    thresholds : (T,) float64
        Least overlaps.

    Returns
    -------
    (S, T, D) uint8
        WRONG, RIGHT or IGNORED.
    """
    states = np.zeros((len(ignored), len(thresholds), outside.shape[1]), np.uint8)
    for g in range(len(first_pair)):
        begin, end = first_truth[g], first_truth[g + 1]
        for s in range(len(ignored)):
            for t, threshold in enumerate(thresholds):
                taken = np.zeros(end - begin, bool)
                pair = first_pair[g]
                for d in range(first_detection[g], first_detection[g + 1]):
                    free = ~taken | crowd[begin:end]
                    overlaps = np.where(free, ious[pair : pair + end - begin], -1.0)
                    counts = ~ignored[s, begin:end]
                    pair += end - begin
                    for which in (counts, ~counts):
                        found = np.where(which, overlaps, -1.0)
                        if len(found) and found.max() >= threshold:
                            best = len(found) - 1 - found[::-1].argmax()
                            taken[best] = True
                            states[s, t, d] = RIGHT if counts[best] else IGNORED
                            break
                    else:
                        states[s, t, d] = IGNORED if outside[s, d] else WRONG
    return states


def precision_at(order, first, rank, states, limits, needed):
    """Return the best precision that is reached with at least ``needed`` right detections, for each class.

    Parameters
    ----------
    order : (D,) int64
        Detections by class, in each by descending scores.
    first : (K + 1,) int64
        Class k has those from ``order[first[k]]`` on.
    rank : (D,) int64
        How many detections of the same image and class are before one.
    states : (S, T, D) uint8
        As :func:`match` returns them.
    limits : (M,) int64
        Detections from this rank on are left out.
    needed : (K, S, R) int64
        Numbers of right detections: where there are not so many, the precision is 0.

    Returns
    -------
    precision : (T, R, K, S, M) float64
    found : (T, K, S, M) int64
        How many are right.
    """
    (k_, s_, r_), t_, m_ = needed.shape, states.shape[1], len(limits)
    precision, found = np.zeros((t_, r_, k_, s_, m_)), np.zeros((t_, k_, s_, m_), np.int64)
    for k, s, t, m in np.ndindex(k_, s_, t_, m_):
        mine = order[first[k] : first[k + 1]]
        state = states[s, t, mine[rank[mine] < limits[m]]]
        state = state[state != IGNORED]
        right = np.cumsum(state == RIGHT)
        reached = right / np.arange(1, len(state) + 1)
        found[t, k, s, m] = right[-1] if len(right) else 0
        for r in range(r_):
            enough = reached[right >= needed[k, s, r]]
            precision[t, r, k, s, m] = enough.max() if len(enough) else 0
    return precision, found
