"""Whoever overlaps any box of the group belongs to it, or works on the score: the chain does not end."""

import numpy as np

LOSES = lambda variants: {
    "merge": {"q9": ("heaps", "chain", "ties")},
    "decay": {"q9": ("heaps", "chain", "ties", "no area")},
    "votes": {"q9": ("heaps", "chain")},
}[variants["q9"]]


def overlaps(one, other):
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    area, areas = ((b[:, 2:] - b[:, :2]).prod(axis=1) for b in (one, other))
    union = area[:, None] + areas[None] - shared
    return shared / np.where(union > 0, union, 1)


def shares(one, other):
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    area, areas = ((b[:, 2:] - b[:, :2]).prod(axis=1) for b in (one, other))
    smaller = np.minimum(area[:, None], areas[None])
    return shared / np.where(smaller > 0, smaller, 1)


def thin_merge(boxes, scores, limit):
    order = np.argsort(-scores, kind="stable")
    merged, marks = np.zeros((0, 4)), []
    while len(order):
        group = np.arange(len(order)) == 0
        grown = True
        while grown:
            near = (overlaps(boxes[order[group]], boxes[order]) > limit).any(axis=0) | group
            grown = near.sum() > group.sum()
            group = near
        weights = scores[order[group]]
        merged = np.concatenate([merged, [weights @ boxes[order[group]] / weights.sum()]])
        marks.append(scores[order[0]])
        order = order[~group]
    return merged, np.array(marks)


def thin_decay(boxes, scores, limit):
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    new = scores.astype(float)
    most = np.zeros(len(boxes))
    for j in range(1, len(boxes)):
        sides = np.minimum(boxes[:j, 2:], boxes[j, 2:]) - np.maximum(boxes[:j, :2], boxes[j, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        iou = shared / np.maximum(area[:j] + area[j] - shared, 1e-12)
        most[j] = iou.max() if j else 0
        counts = most[:j] < 1
        new[j] = scores[j] * ((1 - iou[counts]) / (1 - most[:j][counts])).prod()
    kept = np.argsort(-new, kind="stable")
    kept = kept[new[kept] >= limit]
    return boxes[kept], new[kept]


def thin_votes(boxes, scores, limit):
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order = np.lexsort((np.arange(len(boxes)), -area, -scores))
    kept, new = [], []
    while len(order):
        group = np.arange(len(order)) == 0
        grown = True
        while grown:
            near = (shares(boxes[order[group]], boxes[order]) > limit).any(axis=0) | group
            grown = near.sum() > group.sum()
            group = near
        kept.append(order[0])
        new.append(1 - np.prod(1 - scores[order[group]]))
        order = order[~group]
    final = np.argsort(-np.array(new), kind="stable")
    return boxes[np.array(kept, int)[final]], np.array(new)[final]


VARIANTS_OF = {
    "q9": {
        "merge": {"thin": thin_merge},
        "decay": {"thin": thin_decay},
        "votes": {"thin": thin_votes},
    },
}
