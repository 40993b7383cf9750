"""Other correct solutions: loops over boxes where the reference has whole arrays, and the other way round."""

import math

import numpy as np


def cell_anchors(sizes, ratios):
    """One anchor after the other; float32, in Fortran order."""
    rows = []
    for ratio in ratios:
        for size in sizes:
            width = math.sqrt(size * size / ratio)
            rows.append((-width / 2, -width * ratio / 2, width / 2, width * ratio / 2))
    return np.asfortranarray(rows, np.float32)


def anchor_grid(cell, height, width, stride):
    """Place by place; as lists."""
    out = []
    for row in range(math.ceil(height / stride)):
        for column in range(math.ceil(width / stride)):
            x, y = column * stride + stride / 2, row * stride + stride / 2
            out += [[x + x1, y + y1, x + x2, y + y2] for x1, y1, x2, y2 in cell.tolist()]
    return out


def inside_image(anchors, height, width):
    """By the four sides; 0 and 1 in place of booleans."""
    x1, y1, x2, y2 = anchors.T
    return ((np.minimum(x1, y1) >= 0) & (x2 <= width) & (y2 <= height)).astype(int)


def iou_of(one, other):
    """Two boxes, with Python's own numbers."""
    x1, y1, x2, y2 = (float(v) for v in one)
    a1, b1, a2, b2 = (float(v) for v in other)
    shared = max(0.0, min(x2, a2) - max(x1, a1)) * max(0.0, min(y2, b2) - max(y1, b1))
    union = (x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - shared
    return shared / union if shared else 0.0


def box_iou(objects, anchors):
    """Pair by pair."""
    out = np.zeros((len(objects), len(anchors)))
    for place in np.ndindex(*out.shape):
        out[place] = iou_of(objects[place[0]], anchors[place[1]])
    return out


def match(iou, high, low):
    """Anchor by anchor; first ask whose best it is."""
    best = [max(row) for row in iou.tolist()]
    learns = []
    for column in iou.T.tolist() if len(iou) else [[]] * iou.shape[1]:
        wanted = [i for i, value in enumerate(column) if value == best[i] > 0]
        if wanted:
            learns.append(max(wanted, key=lambda i: column[i]))  # max takes the first of equal ones  # noqa: B023
        elif not column or max(column) < low:
            learns.append(-1)
        else:
            learns.append(column.index(max(column)) if max(column) >= high else -2)
    return np.array(learns)


def sample_anchors(marks, order, size, fraction):
    """Count down the places that are left."""
    chosen, positives = [False] * len(marks), math.floor(size * fraction)
    places = size
    for wanted in ("object", "background"):
        for n in order:
            left = min(places, positives) if wanted == "object" else places
            if left > 0 and (marks[n] >= 0 if wanted == "object" else marks[n] == -1):
                chosen[n] = True
                places -= 1
                positives -= wanted == "object"
    return chosen


def encode(anchors, boxes):
    """Column by column; in Fortran order."""
    out = np.zeros((len(anchors), 4), order="F")
    for axis in (0, 1):
        a1, a2, b1, b2 = anchors[:, axis], anchors[:, axis + 2], boxes[:, axis], boxes[:, axis + 2]
        out[:, axis] = ((b1 + b2) - (a1 + a2)) / (2 * (a2 - a1))
        out[:, axis + 2] = np.log(b2 - b1) - np.log(a2 - a1)
    return out


def decode(anchors, deltas, limit):
    """Box by box."""
    out = np.zeros((len(anchors), 4))
    for n, ((x1, y1, x2, y2), (dx, dy, dw, dh)) in enumerate(zip(anchors, deltas, strict=True)):
        width, height = (x2 - x1) * math.exp(min(dw, limit)), (y2 - y1) * math.exp(min(dh, limit))
        left = x1 + (x2 - x1) * (0.5 + dx) - width / 2
        top = y1 + (y2 - y1) * (0.5 + dy) - height / 2
        out[n] = left, top, left + width, top + height
    return out


def objectness_loss(logits, marks, drawn):
    """With logaddexp, anchor by anchor."""
    losses = [
        np.logaddexp(0, -z if mark >= 0 else z)
        for z, mark, is_drawn in zip(logits, marks, drawn, strict=True)
        if is_drawn
    ]
    return sum(losses) / len(losses) if losses else 0


def objectness_grad(logits, marks, drawn):
    """The sigmoid as a tanh; one row of a larger array, so that it is not contiguous."""
    out = np.zeros((len(logits), 2))
    count = np.count_nonzero(drawn)
    for n in np.flatnonzero(drawn):
        out[n, 1] = (0.5 + 0.5 * np.tanh(logits[n] / 2) - (marks[n] >= 0)) / count
    return out[:, 1]


def rows_that_pay(marks, drawn):
    return [n for n in range(len(marks)) if drawn[n] and marks[n] >= 0]


def box_loss(deltas, targets, marks, drawn, beta):
    """The integral of the slope: what is within beta, and what is beyond it."""
    total = 0.0
    for n in rows_that_pay(marks, drawn):
        for d in np.abs(deltas[n] - targets[n]):
            near = min(d, beta)
            total += near * near / beta / 2 + (d - near)
    return np.float32(total / max(sum(drawn), 1))


def box_grad(deltas, targets, marks, drawn, beta):
    """Number by number."""
    out = np.zeros_like(deltas, order="F")
    for n in rows_that_pay(marks, drawn):
        for k in range(4):
            d = deltas[n, k] - targets[n, k]
            out[n, k] = (d / beta if abs(d) < beta else math.copysign(1, d)) / sum(drawn)
    return out


def clip_boxes(boxes, height, width):
    """x and y apart."""
    out = np.array(boxes)
    out[:, 0::2] = np.minimum(np.maximum(boxes[:, 0::2], 0), width)
    out[:, 1::2] = np.minimum(np.maximum(boxes[:, 1::2], 0), height)
    return out


def nms(boxes, scores, threshold):
    """A matrix of all pairs, and a list of what is kept."""
    iou, kept = box_iou(boxes, boxes), []
    for n in sorted(range(len(boxes)), key=lambda n: (-scores[n], n)):
        if all(iou[n, k] <= threshold for k in kept):
            kept.append(n)
    return kept


def propose(boxes, logits, size, before, after, threshold, least):
    """A list of (box, logit), which becomes shorter; lists in place of a tuple of arrays."""
    left = sorted(zip(boxes.tolist(), logits.tolist(), strict=True), key=lambda pair: -pair[1])[
        :before
    ]  # sorted is stable
    left = [(clip_boxes(np.array([box]), *size)[0], logit) for box, logit in left]
    left = [(box, logit) for box, logit in left if min(box[2] - box[0], box[3] - box[1]) >= least]
    kept = []
    for box, logit in left:
        if len(kept) < after and all(iou_of(box, other) <= threshold for other, _ in kept):
            kept.append((box, logit))
    return [np.array([box for box, _ in kept]).reshape(-1, 4), np.array([logit for _, logit in kept])]


# q7


def decided(claims, strength, learns):
    """Write the strongest claim of each anchor into ``learns``; ``strength`` (M, N)."""
    if len(claims):
        taken = claims.any(0)
        learns[taken] = np.where(claims, strength, -np.inf).argmax(0)[taken]
    return learns


def inner(anchors, objects, part):
    """Return bool (M, N): the centre lies in the object's box, shrunk to a part of its sides."""
    x, y = (anchors[:, 0] + anchors[:, 2]) / 2, (anchors[:, 1] + anchors[:, 3]) / 2
    x1, y1, x2, y2 = objects.T[:, :, None]
    cx, cy, w, h = (x1 + x2) / 2, (y1 + y2) / 2, part * (x2 - x1), part * (y2 - y1)
    return (cx - w / 2 <= x) & (x <= cx + w / 2) & (cy - h / 2 <= y) & (y <= cy + h / 2)


def adaptive(iou, anchors, objects):
    """All objects at once."""
    twice = (anchors[:, :2] + anchors[:, 2:])[None] - (objects[:, :2] + objects[:, 2:])[:, None]
    ranks = np.argsort(np.argsort((twice**2).sum(2), axis=1, kind="stable"), axis=1)
    near = ranks < 5
    count = near.sum(1, keepdims=True)
    mean = np.where(near, iou, 0).sum(1, keepdims=True) / count
    deviation = np.sqrt((np.where(near, iou - mean, 0) ** 2).sum(1, keepdims=True) / count)
    claims = near & (iou >= mean + deviation) & inner(anchors, objects, 1) & (iou > 0)
    return decided(claims, iou, np.full(len(anchors), -1.0))


def centre(iou, anchors, objects):
    """All objects at once."""
    fits = iou >= 0.3
    area = ((objects[:, 2] - objects[:, 0]) * (objects[:, 3] - objects[:, 1]))[:, None]
    learns = np.where((fits & inner(anchors, objects, 1)).any(0), -2, -1)
    return decided(fits & inner(anchors, objects, 0.5), np.broadcast_to(-area, iou.shape), learns)


def quota(iou, anchors, objects):
    """With sorted lists of pairs."""
    claims = np.zeros(iou.shape, bool)
    for i, row in enumerate(iou.tolist()):
        best = sorted(range(len(row)), key=lambda n: (-row[n], n))  # noqa: B023
        many = max(1, math.floor(sum(sorted(row)[-5:])))
        claims[i, [n for n in best[:many] if row[n] > 0]] = True
    learns = np.where((iou >= 0.4).any(0), -2, -1)
    return decided(claims, iou, learns).tolist()


# q8


def per_axis(encode_one, decode_one):
    """Return both functions; those given work on one axis of one box."""

    def encode_box(anchors, boxes):
        out = np.zeros((len(anchors), 4), order="F")
        for n, (anchor, box) in enumerate(zip(anchors, boxes, strict=True)):
            size = anchor[2:] - anchor[:2]
            for axis in (0, 1):
                out[n, axis::2] = encode_one(anchor[axis::2], box[axis::2], size, axis)
        return out

    def decode_box(anchors, codes):
        out = np.zeros((len(anchors), 4))
        for n, (anchor, code) in enumerate(zip(anchors, codes, strict=True)):
            size = anchor[2:] - anchor[:2]
            for axis in (0, 1):
                out[n, axis::2] = decode_one(anchor[axis::2], code[axis::2], size, axis)
        return out

    return {"encode_box": encode_box, "decode_box": decode_box}


def encode_sides(anchor, box, size, axis):
    middle = sum(anchor) / 2
    return (middle - box[0]) / size[axis], (box[1] - middle) / size[axis]


def decode_sides(anchor, code, size, axis):
    middle = sum(anchor) / 2
    low, high = middle - min(code[0], 8) * size[axis], middle + min(code[1], 8) * size[axis]
    return (low, high) if low <= high else [(low + high) / 2] * 2


def encode_corners(anchor, box, size, axis):
    return (box[0] - anchor[0]) / size[axis], (box[1] - anchor[1]) / size[axis]


def decode_corners(anchor, code, size, axis):
    return sorted(anchor[k] + size[axis] * max(-4, min(4, code[k])) for k in (0, 1))


def encode_roots(anchor, box, size, axis):
    shift = (sum(box) - sum(anchor)) / 2 / math.sqrt(size[0] * size[1])
    return shift, math.sqrt((box[1] - box[0]) / size[axis]) - 1


def decode_roots(anchor, code, size, axis):
    middle = sum(anchor) / 2 + code[0] * math.sqrt(size[0] * size[1])
    side = size[axis] * (1 + min(7, max(-1, code[1]))) ** 2
    return middle - side / 2, middle + side / 2


# q9


def results(pairs):
    """Return (box, score) pairs as two arrays."""
    return np.array([box for box, _ in pairs], float).reshape(-1, 4), np.array([score for _, score in pairs], float)


def merge(boxes, scores, limit):
    """Recursively: the leader's group, then the rest."""
    left = sorted(zip(boxes.tolist(), scores.tolist(), strict=True), key=lambda pair: -pair[1])
    done = []
    while left:
        (leader, score), others = left[0], left[1:]
        group = [left[0], *(pair for pair in others if iou_of(leader, pair[0]) > limit)]
        total = sum(s for _, s in group)
        done.append(([sum(s * box[k] for box, s in group) / total for k in range(4)], score))
        left = [pair for pair in others if iou_of(leader, pair[0]) <= limit]
    return results(done)


def decay(boxes, scores, limit):
    """Matrices of all pairs."""
    order = sorted(range(len(boxes)), key=lambda n: -scores[n])
    boxes, scores = boxes[order], scores[order]
    iou = np.triu(box_iou(boxes, boxes), 1)
    most = iou.max(0, initial=0)
    factors = np.ones(iou.shape)
    for i in np.flatnonzero(most < 1):
        factors[i, i + 1 :] = (1 - iou[i, i + 1 :]) / (1 - most[i])
    new = scores * factors.min(0, initial=1)
    return results(sorted(((b, s) for b, s in zip(boxes, new, strict=True) if s >= limit), key=lambda pair: -pair[1]))


def votes(boxes, scores, limit):
    """With lists; the product as a sum of logarithms."""

    def area(box):
        return (box[2] - box[0]) * (box[3] - box[1])

    def share(one, other):
        sides = [min(one[k + 2], other[k + 2]) - max(one[k], other[k]) for k in (0, 1)]
        both = max(sides[0], 0) * max(sides[1], 0)
        return both / min(area(one), area(other)) if both else 0

    left = sorted(zip(boxes.tolist(), scores.tolist(), strict=True), key=lambda pair: (-pair[1], -area(pair[0])))
    done = []
    while left:
        best = left.pop(0)
        voters = [best] + [pair for pair in left if share(best[0], pair[0]) > limit]
        left = [pair for pair in left if share(best[0], pair[0]) <= limit]
        done.append((best[0], -math.expm1(sum(math.log1p(-s) for _, s in voters))))
    return results(sorted(done, key=lambda pair: -pair[1]))


VARIANTS_OF = {
    "q7": {"adaptive": adaptive, "centre": centre, "quota": quota},
    "q8": {
        "sides": per_axis(encode_sides, decode_sides),
        "corners": per_axis(encode_corners, decode_corners),
        "roots": per_axis(encode_roots, decode_roots),
    },
    "q9": {"merge": merge, "decay": decay, "votes": votes},
}
