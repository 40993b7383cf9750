"""Other correct solutions: loops where the reference has whole arrays, and the other way round."""

import itertools
import math

import numpy as np


def sides(box):
    """Return width and height."""
    return float(box[2] - box[0]), float(box[3] - box[1])


def middle(box):
    """Return the centre."""
    return float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2


def around(x, y, w, h):
    """Return the box with this centre and this size."""
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]


def row_by_row(rule, width=4):
    """Return a function of two arrays (N, 4) that calls the rule for each row; its result is float32."""

    def function(first, second):
        rows = [rule(one, other) for one, other in zip(first, second, strict=True)]
        return np.array(rows, np.float32).reshape(len(first), width)

    return function


# q1


def box_areas(boxes):
    """Box by box."""
    return [w * h for w, h in map(sides, boxes)]


def box_iou(boxes_a, boxes_b):
    """Pair by pair; the common part of two lines is what both lengths have too much beside that of their hull."""
    table = np.zeros((len(boxes_a), len(boxes_b)), np.float32)
    for (i, a), (j, b) in itertools.product(enumerate(boxes_a), enumerate(boxes_b)):
        common = 1.0
        for axis in (0, 1):
            hull = max(a[axis + 2], b[axis + 2]) - min(a[axis], b[axis])
            common *= max(0.0, sides(a)[axis] + sides(b)[axis] - hull)
        if common > 0:  # else there is nothing in both
            table[i, j] = common / (math.prod(sides(a)) + math.prod(sides(b)) - common)
    return table


# q2


def encode_boxes(boxes, references):
    """Row by row; a list in place of the tuple, whole numbers in place of True and False."""
    codes, valid = [[0.0] * 4 for _ in boxes], [0] * len(boxes)
    for n, (box, reference) in enumerate(zip(boxes, references, strict=True)):
        (w, h), (wr, hr) = sides(box), sides(reference)
        if min(w, h, wr, hr) > 0:
            (x, y), (xr, yr) = middle(box), middle(reference)
            codes[n] = [(x - xr) / wr, (y - yr) / hr, math.log(w) - math.log(wr), math.log(h) - math.log(hr)]
            valid[n] = 1
    return [np.array(codes), np.array(valid)]


def decode_boxes(codes, references, largest=4.0):
    """Row by row."""
    out = np.empty((len(codes), 4))
    for n, ((tx, ty, tw, th), reference) in enumerate(zip(codes, references, strict=True)):
        (x, y), (w, h) = middle(reference), sides(reference)
        out[n] = around(x + tx * w, y + ty * h, w * math.exp(min(tw, largest)), h * math.exp(min(th, largest)))
    return out


# q3


def encode_sides(box, reference):
    (x, y), (w, h) = middle(reference), sides(reference)
    return (x - box[0]) / w, (y - box[1]) / h, (box[2] - x) / w, (box[3] - y) / h


def decode_sides(code, reference):
    (x, y), (w, h) = middle(reference), sides(reference)
    left, up, right, down = code
    # A width below 0 is one of 0: the middle between the two sides stays where it is.
    return around(x + (right - left) / 2 * w, y + (down - up) / 2 * h, max(left + right, 0) * w, max(up + down, 0) * h)


def encode_roots(box, reference):
    out = []
    for here, there, size in zip(middle(box), middle(reference), sides(reference), strict=True):
        out.append(math.copysign(math.sqrt(abs(here - there) / size), here - there))
    for mine, size in zip(sides(box), sides(reference), strict=True):
        out.append((mine / size) ** 0.5 - 1)
    return out


def decode_roots(code, reference):
    place = [at + (t * t if t > 0 else -t * t) * size
             for at, t, size in zip(middle(reference), code[:2], sides(reference), strict=True)]
    size = [0 if t < -1 else (1 + t) ** 2 * whole for t, whole in zip(code[2:], sides(reference), strict=True)]
    return around(*place, *size)


def encode_aspect(box, reference):
    (w, h), (wr, hr), (x, y), (xr, yr) = sides(box), sides(reference), middle(box), middle(reference)
    d = math.hypot(wr, hr)
    return (x - xr) / d, (y - yr) / d, math.log(w * h / (wr * hr)), math.log(w * hr / (h * wr))


def decode_aspect(code, reference):
    (wr, hr), (xr, yr) = sides(reference), middle(reference)
    d, a, r = math.hypot(wr, hr), max(-4.0, min(code[2], 4.0)), max(-4.0, min(code[3], 4.0))
    area, aspect = wr * hr * math.exp(a), wr / hr * math.exp(r)
    return around(xr + code[0] * d, yr + code[1] * d, math.sqrt(area * aspect), math.sqrt(area / aspect))


# q4


def class_losses(scores, labels, kind):
    """Image by image, with Python's own numbers; a list."""
    out = []
    for row, y in zip(scores.tolist(), labels.tolist(), strict=True):
        if kind == "softmax":
            top = max(row)
            out.append(top + math.log(sum(math.exp(s - top) for s in row)) - row[y])
        else:
            out.append(sum(max(0.0, 1 - row[y] + s) for k, s in enumerate(row) if k != y))
    return out


def class_losses_grad(scores, labels, kind):
    """With a one-hot array; for the hinge, with the matrix of all pulls."""
    truth = np.eye(scores.shape[1])[labels]
    if kind == "softmax":
        return np.asfortranarray(np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)) - truth)
    true_score = (scores * truth).sum(axis=1, keepdims=True)
    pays = (scores + 1 > true_score) & (truth == 0)
    return np.einsum("nk,nkj->nj", pays * 1.0, np.eye(scores.shape[1])[None] - truth[:, None])


# q5


def box_losses(codes, targets, labels, kind, beta=1.0):
    """Number by number."""
    out = np.zeros(len(codes), np.float32)
    for n in np.flatnonzero(labels):
        for said, true in zip(codes[n, labels[n]], targets[n], strict=True):
            d = abs(said - true)
            if kind == "l2":
                out[n] += d * d / 2
            else:
                out[n] += d - beta / 2 if d > beta else d * d / beta / 2
    return out


def box_losses_grad(codes, targets, labels, kind, beta=1.0):
    """With a one-hot array of classes, of which class 0 is taken away."""
    chosen = np.eye(codes.shape[1])[labels]
    chosen[:, 0] = 0
    d = codes - targets[:, None]
    slope = d if kind == "l2" else np.where(np.abs(d) < beta, d / beta, np.sign(d))
    return np.asfortranarray(slope * chosen[:, :, None])


# q6


def multi_task_loss(class_losses, box_losses, labels, weight):
    """As a product of losses and slopes: the total is linear in all losses."""
    there = [float(y > 0) for y in labels]
    d_class = np.full(len(labels), 1.0 / len(labels), np.float32)
    d_box = np.array([weight * t / sum(there) if t else 0.0 for t in there])
    return [np.dot(d_class, class_losses) + np.dot(d_box, box_losses), d_class, d_box]


# q7


def hardest(losses, labels, most):
    """Return the numbers of the chosen images."""
    numbers = [n for n in range(len(labels)) if labels[n]]
    return sorted(numbers, key=lambda n: (-losses[n], n))[:most]


def join_hardest(class_losses, box_losses, labels, setting):
    chosen = hardest(box_losses, labels, setting)
    return sum(class_losses) / len(class_losses) + sum(box_losses[n] for n in chosen) / (len(chosen) or 1)


def join_hardest_grad(class_losses, box_losses, labels, setting):
    chosen = hardest(box_losses, labels, setting)
    return [np.ones(len(labels)) / len(labels), [(n in chosen) / (len(chosen) or 1) for n in range(len(labels))]]


def join_trust(class_losses, box_losses, labels, setting):
    terms = [math.exp(-c) * b for c, b, y in zip(class_losses, box_losses, labels, strict=True) if y]
    return math.fsum(class_losses) / len(labels) + (setting * math.fsum(terms) / len(terms) if terms else 0)


def join_trust_grad(class_losses, box_losses, labels, setting):
    n, p = len(labels), np.count_nonzero(labels)
    d_class, d_box = np.full(n, 1 / n), np.zeros(n)
    for i in np.flatnonzero(labels):
        believed = setting / p / math.exp(class_losses[i])
        d_class[i] -= believed * box_losses[i]
        d_box[i] = believed
    return d_class, d_box


def join_uncertain(class_losses, box_losses, labels, setting):
    loss = np.mean(class_losses) / math.exp(setting[0]) + setting[0]
    boxes = [b for b, y in zip(box_losses, labels, strict=True) if y]
    return loss + np.mean(boxes) / math.exp(setting[1]) + setting[1] if boxes else loss


def join_uncertain_grad(class_losses, box_losses, labels, setting):
    n, p = len(labels), np.count_nonzero(labels)
    d_class = [1 / math.exp(setting[0]) / n] * n
    d_box = [1 / math.exp(setting[1]) / p if y else 0 for y in labels]
    slopes = [1 - sum(class_losses) / n / math.exp(setting[0]), 0]
    if p:
        slopes[1] = 1 - sum(d * b for d, b in zip(d_box, box_losses, strict=True))
    return d_class, d_box, slopes


# q8


def heatmap_targets(joints, size, cell, sigma):
    """Cell by cell, in pixels."""
    h, w = size
    maps, weights = np.zeros((len(joints), h, w), np.float32), [0] * len(joints)
    for k, (x, y, v) in enumerate(joints):
        if not v or not (0 <= x <= w * cell and 0 <= y <= h * cell):
            continue
        weights[k] = 1
        for r, c in np.ndindex(h, w):
            squared = ((c + 0.5) * cell - x) ** 2 + ((r + 0.5) * cell - y) ** 2
            maps[k, r, c] = math.exp(-squared / (2 * (sigma * cell) ** 2))
    return maps, np.array(weights)


# q9


def decode_heatmaps(maps, cell):
    """Without loops: a frame that repeats the border, and a rule for where there is none."""
    k, h, w = maps.shape
    number = np.arange(k)
    r, c = np.unravel_index(maps.reshape(k, -1).argmax(1), (h, w))
    framed = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="edge")
    x_shift = np.sign(framed[number, r + 1, c + 2] - framed[number, r + 1, c]) * ((c > 0) & (c < w - 1))
    y_shift = np.sign(framed[number, r + 2, c + 1] - framed[number, r, c + 1]) * ((r > 0) & (r < h - 1))
    return np.stack([c + 0.5 + x_shift / 4, r + 0.5 + y_shift / 4], 1) * cell


# q10


def parabola(maps, cell):
    """Map by map; the parabola through three points, from its differences."""
    out = []
    for plane in maps:
        h, w = plane.shape
        r, c = divmod(int(np.argmax(plane)), w)
        x, y = c + 0.5, r + 0.5
        if 0 < c < w - 1:
            slope, bend = (plane[r, c + 1] - plane[r, c - 1]) / 2, plane[r, c - 1] - 2 * plane[r, c] + plane[r, c + 1]
            x -= slope / bend if bend else 0
        if 0 < r < h - 1:
            slope, bend = (plane[r + 1, c] - plane[r - 1, c]) / 2, plane[r - 1, c] - 2 * plane[r, c] + plane[r + 1, c]
            y -= slope / bend if bend else 0
        out.append((x * cell, y * cell))
    return out


def mass(maps, cell):
    """Cell by cell."""
    out = np.zeros((len(maps), 2), np.float32)
    for k, plane in enumerate(maps):
        h, w = plane.shape
        r, c = divmod(int(np.argmax(plane)), w)
        near = [(max(plane[i, j], 0), j + 0.5, i + 0.5) for i in range(r - 1, r + 2) for j in range(c - 1, c + 2)
                if 0 <= i < h and 0 <= j < w]
        total = sum(weight for weight, _, _ in near)
        if total > 0:
            out[k] = [sum(m * x for m, x, _ in near) / total, sum(m * y for m, _, y in near) / total]
        else:
            out[k] = c + 0.5, r + 0.5
    return out * cell


def second(maps, cell):
    """The highest is found, taken out, and the highest is found again."""
    out = []
    for plane in maps:
        w = plane.shape[1]
        first = int(plane.argmax())
        rest = plane.astype(float).ravel()
        rest[first] = -np.inf
        other = int(rest.argmax())
        angle = math.atan2(other // w - first // w, other % w - first % w)
        shift = 0.25 if rest.size > 1 else 0
        x, y = first % w + 0.5 + shift * math.cos(angle), first // w + 0.5 + shift * math.sin(angle)
        out.append([x * cell, y * cell])
    return np.array(out)


# q11


def partners(count, pairs):
    """Return for each joint the one that a mirror shows in its place."""
    order = list(range(count))
    for a, b in pairs:
        order[a], order[b] = b, a
    return order


def flip_boxes(boxes, width):
    """Mirror all, then put the edges in order."""
    return np.array([[min(width - x1, width - x2), y1, max(width - x1, width - x2), y2] for x1, y1, x2, y2 in boxes],
                    np.float32).reshape(-1, 4)


def flip_joints(joints, width, pairs):
    """Joint by joint; a list."""
    return [[width - x if v else x, y, v] for x, y, v in joints[partners(len(joints), pairs)].tolist()]


def flip_maps(maps, pairs):
    """By one index."""
    return np.flip(maps, -1)[partners(len(maps), pairs)]


# q12


def pck(truth, answers, segment, alpha):
    """Person by person, joint by joint."""
    found, counted = [0] * truth.shape[1], [0] * truth.shape[1]
    for person, said in zip(truth, answers, strict=True):
        ends = [person[joint] for joint in segment]
        length = math.dist(ends[0][:2], ends[1][:2])
        if length == 0 or ends[0][2] == 0 or ends[1][2] == 0:
            continue
        for k, (x, y, v) in enumerate(person):
            if v:
                counted[k] += 1
                found[k] += math.dist((x, y), said[k]) <= alpha * length
    shares = [f / c if c else math.nan for f, c in zip(found, counted, strict=True)]
    known = [share for share in shares if share == share]
    return shares, sum(known) / len(known) if known else math.nan


VARIANTS_OF = {
    "q3": {
        "sides": {"encode_special": row_by_row(encode_sides), "decode_special": row_by_row(decode_sides)},
        "roots": {"encode_special": row_by_row(encode_roots), "decode_special": row_by_row(decode_roots)},
        "aspect": {"encode_special": row_by_row(encode_aspect), "decode_special": row_by_row(decode_aspect)},
    },
    "q7": {
        "hardest": {"join_losses": join_hardest, "join_losses_grad": join_hardest_grad},
        "trust": {"join_losses": join_trust, "join_losses_grad": join_trust_grad},
        "uncertain": {"join_losses": join_uncertain, "join_losses_grad": join_uncertain_grad},
    },
    "q10": {"parabola": parabola, "mass": mass, "second": second},
}
