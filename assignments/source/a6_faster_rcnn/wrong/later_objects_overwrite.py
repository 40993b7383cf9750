"""Objects write their claims one after the other: of several, the last one has the anchor."""

import numpy as np

LOSES = {"q7": ("several objects", "ties")}


def assign_adaptive(iou, anchors, objects):
    learns = np.full(len(anchors), -1)
    strongest = np.zeros(len(anchors))
    middles = (anchors[:, :2] + anchors[:, 2:]) / 2
    for number, box in enumerate(objects):
        distance = ((middles - (box[:2] + box[2:]) / 2) ** 2).sum(axis=1)
        near = np.argsort(distance, kind="stable")[:5]
        threshold = iou[number, near].mean() + iou[number, near].std()
        for n in near:
            within = (box[:2] <= middles[n]).all() and (middles[n] <= box[2:]).all()
            if within and iou[number, n] >= threshold and iou[number, n] > 0:
                learns[n], strongest[n] = number, iou[number, n]
    return learns


def assign_centre(iou, anchors, objects):
    learns = np.full(len(anchors), -1)
    smallest = np.full(len(anchors), np.inf)
    middles = (anchors[:, :2] + anchors[:, 2:]) / 2
    for number, box in enumerate(objects):
        side = box[2:] - box[:2]
        away = np.abs(middles - (box[:2] + box[2:]) / 2)
        fitting = iou[number] >= 0.3
        learns[fitting & (2 * away <= side).all(axis=1) & (learns == -1)] = -2
        wins = fitting & (4 * away <= side).all(axis=1)
        learns[wins], smallest[wins] = number, side.prod()
    return learns


def assign_quota(iou, anchors, objects):
    learns = np.full(len(anchors), -1)
    strongest = np.zeros(len(anchors))
    for number, row in enumerate(iou):
        quota = max(1, int(np.sort(row)[::-1][:5].sum()))
        learns[(row >= 0.4) & (learns == -1)] = -2
        for n in np.argsort(-row, kind="stable")[:quota]:
            if row[n] > 0:
                learns[n], strongest[n] = number, row[n]
    return learns


VARIANTS_OF = {
    "q7": {
        "adaptive": {"assign": assign_adaptive},
        "centre": {"assign": assign_centre},
        "quota": {"assign": assign_quota},
    },
}
