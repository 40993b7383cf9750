"""The score of a group is the mean of its scores; or boxes stay in the old order, not sorted by the new scores."""

import numpy as np

LOSES = lambda variants: {
    "merge": {"q9": ("heaps", "chain", "no area")},
    "decay": {"q9": ("heaps", "chain", "ties", "no area")},
    "votes": {"q9": ("heaps",)},
}[variants["q9"]]


def thin_merge(boxes, scores, limit):
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order = np.argsort(-scores, kind="stable")
    merged, marks = np.zeros((0, 4)), []
    while len(order):
        leader = order[0]
        sides = np.minimum(boxes[leader, 2:], boxes[order, 2:]) - np.maximum(boxes[leader, :2], boxes[order, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        group = shared > limit * (area[leader] + area[order] - shared)
        group[0] = True
        weights = scores[order[group]]
        merged = np.concatenate([merged, [weights @ boxes[order[group]] / weights.sum()]])
        marks.append(weights.mean())
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
        most[j] = iou.max()
        counts = most[:j] < 1
        new[j] = scores[j] * ((1 - iou[counts]) / (1 - most[:j][counts])).min()
    kept = np.arange(len(new))
    kept = kept[new[kept] >= limit]
    return boxes[kept], new[kept]


def thin_votes(boxes, scores, limit):
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order = np.lexsort((np.arange(len(boxes)), -area, -scores))
    kept, new = [], []
    while len(order):
        best = order[0]
        sides = np.minimum(boxes[best, 2:], boxes[order, 2:]) - np.maximum(boxes[best, :2], boxes[order, :2])
        collected = np.maximum(sides, 0).prod(axis=1) > limit * np.minimum(area[best], area[order])
        collected[0] = True
        kept.append(best)
        new.append(1 - np.prod(1 - scores[order[collected]]))
        order = order[~collected]
    final = np.arange(len(new))
    return boxes[np.array(kept, int)[final]], np.array(new)[final]


VARIANTS_OF = {
    "q9": {
        "merge": {"thin": thin_merge},
        "decay": {"thin": thin_decay},
        "votes": {"thin": thin_votes},
    },
}
