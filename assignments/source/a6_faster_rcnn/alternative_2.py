"""Correct solutions of a third kind: other algebra, and all choices by masks and matrices of pairs."""

import heapq

import numpy as np

EXCHANGED = [2, 3, 0, 1]  # (x2, y2, x1, y1)
#: Boxes (N, 4) times this matrix are (x, y, w, h): the centre and the sides.
TO_MIDDLE = np.array([[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]])


# q1


def cell_anchors(sizes, ratios):
    """Two tables of ratios times sizes, read row by row."""
    root = np.sqrt(ratios)
    width, height = np.outer(1 / root, sizes).ravel(), np.outer(root, sizes).ravel()
    return np.column_stack([-width, -height, width, height]) / 2


def anchor_grid(cell, height, width, stride):
    """Every anchor knows its place by its number."""
    columns = -(-width // stride)
    places = columns * -(-height // stride)
    place, which = np.divmod(np.arange(places * len(cell)), len(cell))
    row, column = np.divmod(place, columns)
    return cell[which] + np.column_stack([column, row, column, row]) * float(stride) + stride / 2


def inside_image(anchors, height, width):
    """What is inside does not change if it is clipped."""
    return np.equal(anchors, clip_boxes(anchors, height, width)).all(1)


# q2


def sides_of(boxes):
    return boxes[:, 2:] - boxes[:, :2]


def shared_areas(one, other):
    """Areas (M, N). Two intervals share both of their lengths, less that of what spans them."""
    low = np.minimum(one[:, None, :2], other[:, :2])
    high = np.maximum(one[:, None, 2:], other[:, 2:])
    shared = sides_of(one)[:, None] + sides_of(other) - (high - low)
    return np.where((shared > 0).all(2), shared.prod(2), 0)


def box_iou(objects, anchors):
    """Quotients only where something is shared."""
    shared = shared_areas(objects, anchors)
    iou = np.zeros(shared.shape)
    row, column = np.nonzero(shared)
    areas = sides_of(objects).prod(1)[row] + sides_of(anchors).prod(1)[column]
    iou[row, column] = shared[row, column] / (areas - shared[row, column])
    return iou


def match(iou, high, low):
    """A tournament: object by object, what is better takes the anchor; once with all IoUs, once with claims."""
    best, owner = np.full((2, iou.shape[1]), -1.0)
    claim, claimed_by = np.zeros((2, iou.shape[1]))
    for number, row in enumerate(iou):
        better = row > best
        best[better], owner[better] = row[better], number
        bid = (row >= row.max()) & (row > claim)
        claim[bid], claimed_by[bid] = row[bid], number
    kinds = [claim > 0, best < low, best < high]
    return np.select(kinds, [claimed_by, -1, -2], owner).astype(int)


# q3


def sample_anchors(marks, order, size, fraction):
    """Count how many of its kind have come before each anchor."""
    kinds = marks[order]
    drawn, places = np.zeros(len(marks), bool), int(size * fraction)
    for of_kind in (kinds >= 0, kinds == -1):
        drawn[order[of_kind & (np.cumsum(of_kind) <= places)]] = True
        places = size - np.count_nonzero(drawn)
    return drawn


# q4


def moves(anchors, boxes):
    """How far both corners of the anchors go, in sides of the anchor: two arrays (N, 2)."""
    moved = (boxes - anchors) / np.tile(sides_of(anchors), 2)
    return moved[:, :2], moved[:, 2:]


def encode(anchors, boxes):
    """From the moves of the corners: their mean is the shift, their difference the growth."""
    first, second = moves(anchors, boxes)
    return np.hstack([(first + second) / 2, np.log1p(second - first)])


def decode(anchors, deltas, limit):
    """Back to the moves of the corners."""
    shift, growth = deltas[:, :2], np.expm1(np.minimum(deltas[:, 2:], limit)) / 2
    return anchors + np.hstack([shift - growth, shift + growth]) * np.tile(sides_of(anchors), 2)


# q5


def wrongness(logits, marks):
    """How much each logit speaks for the wrong side."""
    return np.where(marks >= 0, -1.0, 1.0) * logits


def objectness_loss(logits, marks, drawn):
    """Above 50, log(1 + exp(z)) is z: the line is put on top; the mean is a dot product."""
    wrong = wrongness(logits, marks)
    losses = np.log1p(np.exp(np.minimum(wrong, 50))) + np.maximum(wrong - 50, 0)
    return np.dot(losses, drawn) / max(1, np.count_nonzero(drawn))


def objectness_grad(logits, marks, drawn):
    """The probability of the wrong side, with the sign of the way that leads there."""
    probability = 1 / (1 + np.exp(np.minimum(-wrongness(logits, marks), 700)))
    return np.where(marks >= 0, -probability, probability) * drawn / max(1, np.count_nonzero(drawn))


def differences(deltas, targets, marks, drawn):
    """What is paid for, (N, 4); 0 in the other rows."""
    return np.where((drawn & (marks >= 0))[:, None], deltas - targets, 0)


def box_loss(deltas, targets, marks, drawn, beta):
    """With the slope s of the loss: it is s d, less the parabola's s s beta / 2."""
    d = differences(deltas, targets, marks, drawn)
    slope = np.clip(d / beta, -1, 1)
    return np.sum(slope * d - slope**2 * beta / 2) / max(1, np.count_nonzero(drawn))


def box_grad(deltas, targets, marks, drawn, beta):
    """One formula for both pieces: d, divided by its size or by beta, whichever is larger."""
    d = differences(deltas, targets, marks, drawn)
    return d / np.maximum(np.abs(d), beta) / max(1, np.count_nonzero(drawn))


# q6


def clip_boxes(boxes, height, width):
    """The one in the middle of three numbers: 0, the coordinate, the border."""
    far = np.broadcast_to(np.array([width, height, width, height], float), boxes.shape)
    return np.median([np.zeros(boxes.shape), boxes, far], axis=0)


def leads(near):
    """Which boxes lead, bool (N,); ``near`` (N, N) says of sorted boxes which overlap too much.

    All do at first. A box does not if a leader before it is near; again, until nothing changes.
    """
    before, leader = np.triu(near, 1), np.ones(len(near), bool)
    while True:
        again = ~(before & leader[:, None]).any(0)
        if (again == leader).all():
            return leader
        leader = again


def nms(boxes, scores, threshold):
    """All boxes at once, again and again."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    return order[leads(box_iou(boxes[order], boxes[order]) > threshold)]


def propose(boxes, logits, size, before, after, threshold, least):
    """Boxes keep their places in the list; whether one goes on is a mask. Ranks are counted."""
    numbers = np.arange(len(logits))
    ahead = logits > logits[:, None]
    ahead |= (logits == logits[:, None]) & (numbers < numbers[:, None])
    inside = clip_boxes(boxes, *size)
    left = numbers[(ahead.sum(1) < before) & (sides_of(inside).min(1) >= least)]
    kept = left[nms(inside[left], logits[left], threshold)][:after]
    return inside[kept], logits[kept]


# q7


def painted(claims, learns):
    """Paint claims (strength, object, anchor): the weakest first, so that stronger ones lie on top."""
    for _, number, anchor in sorted(claims, key=lambda claim: (claim[0], -claim[1])):
        learns[anchor] = number
    return learns


def hits(anchors, objects, part):
    """Bool (M, N): clipping to the object's box, shrunk to a part of it, does not move the anchor's centre."""
    centre, edge = (anchors @ TO_MIDDLE)[:, :2], (1 - part) / 2
    low = objects[:, :2] * (1 - edge) + objects[:, 2:] * edge
    high = objects[:, :2] * edge + objects[:, 2:] * (1 - edge)
    return (np.clip(centre, low[:, None], high[:, None]) == centre).all(2)


def adaptive(iou, anchors, objects):
    """A list of claims; candidates from a heap."""
    claims, inside = [], hits(anchors, objects, 1)
    ways = (objects @ TO_MIDDLE)[:, None, :2] - (anchors @ TO_MIDDLE)[:, :2]
    for number, way in enumerate(ways):
        near = heapq.nsmallest(5, range(len(anchors)), key=np.einsum("nk,nk->n", way, way).__getitem__)
        values = iou[number, near]
        threshold = values.mean() + np.linalg.norm(values - values.mean()) / np.sqrt(len(near))
        standing_out = [n for n in near if iou[number, n] >= threshold and iou[number, n] > 0]
        claims += [(iou[number, n], number, n) for n in standing_out if inside[number, n]]
    return painted(claims, np.full(len(anchors), -1))


def centre(iou, anchors, objects):
    """Smaller objects are painted over larger ones."""
    fits, areas = iou >= 0.3, sides_of(objects).prod(1)
    claims = [(-areas[number], number, n) for number, n in np.argwhere(fits & hits(anchors, objects, 0.5))]
    return painted(claims, -1 - (fits & hits(anchors, objects, 1)).any(0))


def quota(iou, anchors, objects):
    """Each object takes its best anchor out of its row, as often as its quota says."""
    claims = []
    for number, row in enumerate(iou.copy()):
        top = row if len(row) <= 5 else np.partition(row, len(row) - 5)[-5:]
        for _ in range(max(1, int(top.sum()))):
            n = row.argmax()
            if row[n] > 0:
                claims.append((row[n], number, n))
            row[n] = 0
    return painted(claims, -1 - (iou >= 0.4).any(0))


# q8


def frame(anchors):
    """Centre and sides of anchors, each twice: two arrays (N, 4)."""
    middle = anchors @ TO_MIDDLE
    return middle[:, [0, 1, 0, 1]], middle[:, [2, 3, 2, 3]]


def turned(boxes):
    """Bool (N, 4): the coordinates of a side that is negative."""
    return np.tile(sides_of(boxes) < 0, 2)


def encode_sides(anchors, boxes):
    """The distances to the left and up have the other sign."""
    middle, side = frame(anchors)
    return (boxes - middle) / side * [-1, -1, 1, 1]


def decode_sides(anchors, codes):
    """Of coordinates that are turned, and exchanged ones, the mean."""
    middle, side = frame(anchors)
    boxes = middle + np.where(codes > 8, 8, codes) * side * [-1, -1, 1, 1]
    return np.where(turned(boxes), (boxes + boxes[:, EXCHANGED]) / 2, boxes)


def encode_corners(anchors, boxes):
    """The moves, side by side."""
    return np.hstack(moves(anchors, boxes))


def decode_corners(anchors, codes):
    """Coordinates that are turned change their places."""
    boxes = anchors + np.maximum(np.minimum(codes, 4), -4) * frame(anchors)[1]
    return np.where(turned(boxes), boxes[:, EXCHANGED], boxes)


def encode_roots(anchors, boxes):
    """With logarithms: a root is half of one."""
    middle_a, side_a = np.hsplit(anchors @ TO_MIDDLE, 2)
    middle, side = np.hsplit(boxes @ TO_MIDDLE, 2)
    unit = np.exp(np.log(side_a).mean(1, keepdims=True))
    return np.hstack([(middle - middle_a) / unit, np.expm1(np.log(side / side_a) / 2)])


def decode_roots(anchors, codes):
    """By the inverse of the matrix that makes centres and sides."""
    middle_a, side_a = np.hsplit(anchors @ TO_MIDDLE, 2)
    middle = middle_a + codes[:, :2] * np.exp(np.log(side_a).mean(1, keepdims=True))
    side = side_a * np.square(1 + np.clip(codes[:, 2:], -1, 7))
    return np.hstack([middle, side]) @ np.linalg.inv(TO_MIDDLE)


# q9


def groups(near):
    """Leaders (P,) of sorted boxes, and bool (P, N): whom each one has. A box goes to the first leader that is near."""
    near = near | np.eye(len(near), dtype=bool)
    leaders = np.flatnonzero(leads(near))
    if not len(leaders):
        return leaders, near
    return leaders, near[leaders].argmax(0) == np.arange(len(leaders))[:, None]


def merge(boxes, scores, limit):
    """All groups at once: a matrix of weights, times the boxes."""
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    leaders, member = groups(box_iou(boxes, boxes) > limit)
    weights = member * scores
    return weights @ boxes / weights.sum(1, keepdims=True), scores[leaders]


def decay(boxes, scores, limit):
    """Each box tells all that come after it, and only then the next one does."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    boxes, scores = boxes[order], scores[order]
    iou, most, factor = box_iou(boxes, boxes), np.zeros(len(scores)), np.ones(len(scores))
    for i in range(len(scores)):
        after = np.arange(len(scores)) > i
        if most[i] < 1:
            factor = np.where(after, np.minimum(factor, (1 - iou[i]) / (1 - most[i])), factor)
        most = np.where(after, np.maximum(most, iou[i]), most)
    new = scores * factor
    kept = [n for n in np.argsort(-new, kind="stable") if new[n] >= limit]
    return boxes[kept], new[kept]


def votes(boxes, scores, limit):
    """All groups at once: a product over a masked matrix."""
    area = sides_of(boxes).prod(1)
    order = np.lexsort((-area, -scores))  # lexsort is stable
    boxes, scores, area = boxes[order], scores[order], area[order]
    leaders, member = groups(shared_areas(boxes, boxes) > limit * np.minimum(area, area[:, None]))
    new = 1 - np.where(member, 1 - scores, 1).prod(1)
    final = np.argsort(-new, kind="stable")
    return boxes[leaders[final]], new[final]


VARIANTS_OF = {
    "q7": {"adaptive": adaptive, "centre": centre, "quota": quota},
    "q8": {
        "sides": {"encode_box": encode_sides, "decode_box": decode_sides},
        "corners": {"encode_box": encode_corners, "decode_box": decode_corners},
        "roots": {"encode_box": encode_roots, "decode_box": decode_roots},
    },
    "q9": {"merge": merge, "decay": decay, "votes": votes},
}
