"""Other correct solutions: loops where the reference has whole arrays, and the other way round."""

import math

import numpy as np


def centre_cells(boxes, size, grid):
    """By comparing with the lines of the grid; float32."""
    lines = np.arange(1, grid)
    columns = [sum((x1 + x2) / 2 >= line * size[1] / grid for line in lines) for x1, _, x2, _ in boxes]
    rows = [sum((y1 + y2) / 2 >= line * size[0] / grid for line in lines) for _, y1, _, y2 in boxes]
    return np.array([rows, columns], np.float32).T.reshape(-1, 2)


def cell_codes(boxes, cells, size, grid):
    """Object by object."""
    codes = []
    for (x1, y1, x2, y2), (row, column) in zip(boxes.tolist(), cells.tolist(), strict=True):
        wide, high = size[1] / grid, size[0] / grid
        x, y = ((x1 + x2) / 2 - column * wide) / wide, ((y1 + y2) / 2 - row * high) / high
        codes.append([x, y, math.sqrt((x2 - x1) / size[1]), math.sqrt((y2 - y1) / size[0])])
    return codes


def cell_owners(boxes, cells, grid):
    """Cell by cell: the best of those that want it."""
    owners = []
    for row in range(grid):
        for column in range(grid):
            here = [(-area(box), g) for g, box in enumerate(boxes) if tuple(cells[g]) == (row, column)]
            here = [pair for pair in here if pair[0] < 0]
            owners.append(min(here)[1] if here else -1)
    return np.array(owners).reshape(grid, grid)


def said_boxes(said, size):
    """Predictor by predictor; in Fortran order."""
    out = np.empty(said.shape, order="F")
    for row, column, j in np.ndindex(*said.shape[:3]):
        x, y, a, b = said[row, column, j]
        x, y = (column + x) * (size[1] / len(said)), (row + y) * (size[0] / len(said))
        w, h = a * a * size[1], b * b * size[0]
        out[row, column, j] = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    return out


def iou_with(boxes, box):
    """Box by box, in Python's own numbers."""
    ious = []
    for one in boxes.tolist():
        w = max(0.0, min(one[2], box[2]) - max(one[0], box[0]))
        h = max(0.0, min(one[3], box[3]) - max(one[1], box[1]))
        both = (one[2] - one[0]) * (one[3] - one[1]) + (box[2] - box[0]) * (box[3] - box[1])
        ious.append(w * h / (both - w * h) if w * h else 0.0)
    return ious


def responsible(ious, boxes, box):
    """Sort by IoU, distance, number."""

    def form(b):
        return np.array([(b[0] + b[2]) / 2, (b[1] + b[3]) / 2, b[2] - b[0], b[3] - b[1]])

    order = [(-ious[j], math.dist(form(boxes[j]), form(box)), j) for j in range(len(boxes))]
    return float(min(order)[2])


def yolo_terms(said, classes, codes, labels, best, ious, coord=5.0, noobj=0.5):
    """Predictor by predictor."""
    xy = wh = sure = unsure = kinds = 0.0
    for row, column, j in np.ndindex(*said.shape[:3]):
        x, y, w, h, confidence = said[row, column, j]
        if labels[row, column] >= 0 and best[row, column] == j:
            true = codes[row, column]
            xy += coord * ((x - true[0]) ** 2 + (y - true[1]) ** 2)
            wh += coord * ((w - true[2]) ** 2 + (h - true[3]) ** 2)
            sure += (confidence - ious[row, column]) ** 2
        else:
            unsure += noobj * confidence**2
    for (row, column), label in np.ndenumerate(labels):
        if label >= 0:
            kinds += sum((p - (k == label)) ** 2 for k, p in enumerate(classes[row, column]))
    return [xy, wh, sure, unsure, kinds]


def yolo_gradient(said, classes, codes, labels, best, ious, coord=5.0, noobj=0.5):
    """Predictor by predictor, written into copies."""
    d_said, d_classes = said * 0.0, classes * 0.0
    for row, column, j in np.ndindex(*said.shape[:3]):
        if best[row, column] == j:
            d_said[row, column, j, :4] = 2 * coord * (said[row, column, j, :4] - codes[row, column])
            d_said[row, column, j, 4] = 2 * (said[row, column, j, 4] - ious[row, column])
        else:
            d_said[row, column, j, 4] = 2 * noobj * said[row, column, j, 4]
    for row, column in np.argwhere(labels >= 0):
        d_classes[row, column] = 2 * classes[row, column]
        d_classes[row, column, labels[row, column]] -= 2
    return d_said, d_classes


def box_scales(maps, low, high):
    """From NumPy's equal steps, and one more."""
    inside = np.linspace(low, high, maps)
    return np.append(inside, 2 * inside[-1] - inside[-2])


def cell_shapes(scale, following, ratios):
    """A ratio and its inverse are two ratios."""
    square = math.sqrt(scale * following)
    both = [value for ratio in ratios for value in (ratio, 1 / ratio)]
    return [[scale, scale], [square, square], *([scale * a**0.5, scale * a**-0.5] for a in both)]


def place_boxes(maps, shapes, size):
    """Whole maps at once."""
    parts = []
    for (rows, columns), pairs in zip(maps, shapes, strict=True):
        y = (np.arange(rows) + 0.5) * (size[0] / rows)
        x = (np.arange(columns) + 0.5) * (size[1] / columns)
        middle = np.stack(np.meshgrid(x, y), -1)[:, :, None]
        parts.append(np.concatenate([middle - pairs / 2, middle + pairs / 2], -1).reshape(-1, 4))
    return np.concatenate(parts)


def bipartite(overlap):
    """All pairs, sorted once."""
    own, taken = [-1] * len(overlap), set()
    for value, one, box in sorted((-v, g, a) for (g, a), v in np.ndenumerate(overlap)):
        if value < 0 and own[one] < 0 and box not in taken:
            own[one] = box
            taken.add(box)
    return np.array(own, int)


def match_boxes(overlap, own, threshold=0.5):
    """Box by box."""
    matched = []
    for box in range(overlap.shape[1]):
        owners = [g for g in range(len(own)) if own[g] == box]
        best = max(range(len(overlap)), key=lambda g: (overlap[g, box], -g), default=-1)  # noqa: B023
        above = best >= 0 and overlap[best, box] > threshold
        matched.append(owners[0] if owners else best if above else -1)
    return matched


def hard_negatives(losses, labels, ratio=3):
    """All images at once, by ranks."""
    background = labels == 0
    order = np.argsort(np.where(background, -losses, np.inf), axis=1, kind="stable")
    rank = np.argsort(order, axis=1)
    return background & (rank < ratio * (labels > 0).sum(axis=1, keepdims=True))


def mined_loss(losses, labels, chosen):
    """Box by box."""
    total = count = 0
    for loss, label, one in zip(losses.flat, labels.flat, chosen.flat, strict=True):
        total += loss if label > 0 or one else 0
        count += label > 0
    return total / count if count else 0


def judge_detections(boxes, scores, images, truths, difficult, threshold=0.5):
    """Object by object: its surest detection is right, the others are duplicates."""
    choice = []
    for box, n in zip(boxes, images, strict=True):
        ious = iou_with(truths[n], box)
        best = max(range(len(ious)), key=lambda g: (ious[g], -g), default=-1)  # noqa: B023
        choice.append((int(n), best) if best >= 0 and ious[best] >= threshold else None)
    marks = np.zeros(len(boxes))
    for wanted in set(choice) - {None}:
        mine = [d for d, one in enumerate(choice) if one == wanted]
        if difficult[wanted[0]][wanted[1]]:
            marks[mine] = -1
        else:
            marks[min(mine, key=lambda d: (-scores[d], d))] = 1
    return marks


def precision_recall(marks, scores, total):
    """One detection after the other."""
    precision, recall, right, seen = [], [], 0, 0
    for _, _, mark in sorted((-s, d, m) for d, (s, m) in enumerate(zip(scores, marks, strict=True))):
        if mark >= 0:
            right, seen = right + mark, seen + 1
            precision.append(right / seen)
            recall.append(right / total)
    return precision, recall


def area_ap(precision, recall):
    """A strip for each value of recall, as high as the best precision from there on."""
    area = before = 0.0
    for value in np.unique(recall):
        area += (value - before) * precision[recall >= value].max()
        before = value
    return area


def eleven_point_ap(precision, recall):
    """With a table of all eleven."""
    enough = np.concatenate([recall, [9]])[None] >= (np.arange(11) / 10)[:, None]
    return np.where(enough, np.concatenate([precision, [0]])[None], 0).max(1).mean()


# q8 -----------------------------------------------------------------------------------------------------------------


def cell_by_cell(wants):
    """Return an owner function that asks each cell; ``wants(box, row, column, high, wide, grid)`` is None, or a key."""

    def grid_owner(boxes, size, grid):
        owner = np.full((grid, grid), -1)
        for row, column in np.ndindex(grid, grid):
            keys = [(wants(box, row, column, size[0] / grid, size[1] / grid, grid), g)
                    for g, box in enumerate(boxes) if box[2] > box[0] and box[3] > box[1]]
            keys = [pair for pair in keys if pair[0] is not None]
            if keys:
                owner[row, column] = min(keys)[1]
        return owner

    return grid_owner


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def nearest(value, grid):
    return min(max(math.floor(value), 0), grid - 1)


def sides_wants(box, row, column, high, wide, grid):
    x, y = (column + 0.5) * wide, (row + 0.5) * high
    return area(box) if box[0] < x < box[2] and box[1] < y < box[3] else None


def cross_wants(box, row, column, high, wide, grid):
    x, y = (box[0] + box[2]) / 2 / wide, (box[1] + box[3]) / 2 / high
    far = abs(row - nearest(y, grid)) + abs(column - nearest(x, grid))
    return (x - column - 0.5) ** 2 + (y - row - 0.5) ** 2 if far <= 1 else None


def corner_wants(box, row, column, high, wide, grid):
    return area(box) if (row, column) == (nearest(box[1] / high, grid), nearest(box[0] / wide, grid)) else None


def coded(code):
    """Return a function that codes each cell: ``code(x1, y1, x2, y2)``, in cells, from the upper left of the cell."""

    def grid_codes(boxes, owner, size):
        out = np.zeros((*owner.shape, 4))
        for (row, column), g in np.ndenumerate(owner):
            if g >= 0:
                x1, x2 = (boxes[g, k] / (size[1] / len(owner)) - column for k in (0, 2))
                y1, y2 = (boxes[g, k] / (size[0] / len(owner)) - row for k in (1, 3))
                out[row, column] = code(x1, y1, x2, y2)
        return out

    return grid_codes


def decoded(decode):
    """Return a function that decodes each cell, from the same."""

    def grid_boxes(codes, size):
        out = np.zeros(codes.shape)
        for row, column in np.ndindex(*codes.shape[:2]):
            x1, y1, x2, y2 = decode(*codes[row, column])
            wide, high = size[1] / len(codes), size[0] / len(codes)
            out[row, column] = (column + x1) * wide, (row + y1) * high, (column + x2) * wide, (row + y2) * high
        return out

    return grid_boxes


def sides_code(x1, y1, x2, y2):
    return (0.5 - x1) ** 0.5, (0.5 - y1) ** 0.5, (x2 - 0.5) ** 0.5, (y2 - 0.5) ** 0.5


def sides_decode(a, b, c, d):
    return 0.5 - a * a, 0.5 - b * b, 0.5 + c * c, 0.5 + d * d


def cross_code(x1, y1, x2, y2):
    return (x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2, math.log(x2 - x1, 2), math.log(y2 - y1, 2)


def cross_decode(a, b, c, d):
    w, h = math.exp(c * math.log(2)), math.exp(d * math.log(2))
    return 0.5 + a - w / 2, 0.5 + b - h / 2, 0.5 + a + w / 2, 0.5 + b + h / 2


def corner_code(x1, y1, x2, y2):
    return x1, y1, 1 - 1 / (x2 - x1 + 1), 1 - 1 / (y2 - y1 + 1)


def corner_decode(a, b, c, d):
    return a, b, a + 1 / (1 - c) - 1, b + 1 / (1 - d) - 1


# q9 -----------------------------------------------------------------------------------------------------------------


def left_over(overlap, has, near):
    """Return the object of each box from a dict, -2 and -1 for the others."""
    highest = [max(column, default=0) for column in overlap.T.tolist()]
    return [has.get(box, -2 if value >= near else -1) for box, value in enumerate(highest)]


def draft(overlap, k, near):
    objects, has = range(len(overlap)), {}
    for turn in range(k):
        for one in objects if turn % 2 == 0 else reversed(objects):
            free = [(-iou, box) for box, iou in enumerate(overlap[one]) if box not in has and iou > 0]
            if free:
                has[min(free)[1]] = one
    return left_over(overlap, has, near)


def quota(overlap, k, near):
    has, left = {}, overlap.astype(float)
    while left.size and left.max() > 0:
        one, box = divmod(int(left.argmax()), left.shape[1])
        has[box] = one
        left[:, box] = 0
        if list(has.values()).count(one) == k:
            left[one] = 0
    return left_over(overlap, has, near)


def average(overlap, k, near):
    limits = [sum(sorted(row, reverse=True)[:k]) / len(row[:k]) for row in overlap.tolist()]
    has = {}
    for box in range(overlap.shape[1]):
        wanting = [(-overlap[g, box], g) for g, limit in enumerate(limits) if overlap[g, box] >= max(limit, 1e-12)]
        if wanting:
            has[box] = min(wanting)[1]
    return left_over(overlap, has, near)


# q10 ----------------------------------------------------------------------------------------------------------------


def groups(scores, overlaps, total, threshold):
    score = right = seen = 0
    for value in sorted(set(scores.tolist()), reverse=True):
        group = [overlap >= threshold for s, overlap in zip(scores, overlaps, strict=True) if s == value]
        right, seen = right + sum(group), seen + len(group)
        score += sum(group) / total * right / seen
    return score


def in_order(scores, values):
    return [value for _, value in sorted(zip(-scores, values, strict=True))]


def trapezoids(scores, overlaps, total, threshold):
    right = in_order(scores, overlaps >= threshold)
    points = [(0, 1)] + [(sum(right[:i]) / total, sum(right[:i]) / i) for i in range(1, len(right) + 1)]
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(points, points[1:], strict=False))


def soft(scores, overlaps, total, threshold):
    fits = in_order(scores, overlaps * (overlaps >= threshold))
    return sum(fit / total * sum(fits[: i + 1]) / (i + 1) for i, fit in enumerate(fits))


def mean_of(class_score):
    def mean_score(labels, scores, overlaps, totals, threshold):
        asked = np.flatnonzero(totals)
        values = [class_score(*(part[labels == k] for part in (scores, overlaps)), totals[k], threshold) for k in asked]
        return sum(values) / max(len(asked), 1)

    return mean_score


VARIANTS_OF = {
    "q8": {
        "sides": {"grid_owner": cell_by_cell(sides_wants), "grid_codes": coded(sides_code),
                  "grid_boxes": decoded(sides_decode)},
        "cross": {"grid_owner": cell_by_cell(cross_wants), "grid_codes": coded(cross_code),
                  "grid_boxes": decoded(cross_decode)},
        "corner": {"grid_owner": cell_by_cell(corner_wants), "grid_codes": coded(corner_code),
                   "grid_boxes": decoded(corner_decode)},
    },
    "q9": {"draft": draft, "quota": quota, "average": average},
    "q10": {name: {"class_score": rule, "mean_score": mean_of(rule)}
            for name, rule in (("groups", groups), ("trapezoids", trapezoids), ("soft", soft))},
}  # fmt: skip
