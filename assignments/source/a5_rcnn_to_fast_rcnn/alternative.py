"""Other correct solutions: Python's own numbers where the reference has whole arrays, and the other way round."""

import math

import numpy as np


def common_area(a, b):
    """Return the area that two boxes share."""
    across, down = (min(a[k + 2], b[k + 2]) - max(a[k], b[k]) for k in (0, 1))
    return across * down if across > 0 and down > 0 else 0.0


def area(box):
    """Return the area of a box."""
    return (box[2] - box[0]) * (box[3] - box[1])


def nms(boxes, scores, threshold):
    """Go through the boxes once, and compare each with those that were kept; a list of Python's integers."""
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        for j in kept:
            shared = common_area(boxes[i], boxes[j])
            if shared > 0 and shared / (area(boxes[i]) + area(boxes[j]) - shared) > threshold:
                break
        else:
            kept.append(i)
    return np.array(kept, np.float32)


def nms_per_class(boxes, scores, labels, threshold):
    """All classes in one matrix: boxes of different classes have nothing in common."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2) * (labels[:, None] == labels)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    iou = shared / np.where(shared > 0, areas[:, None] + areas - shared, 1)
    dead, kept = np.zeros(len(boxes), bool), []
    for i in np.lexsort((np.arange(len(boxes)), -scores)):
        if not dead[i]:
            kept.append(int(i))
            dead |= iou[i] > threshold
    return kept


def grouped(boxes, scores, threshold, order):
    """Return the groups as lists of positions."""
    groups, left = [], [int(i) for i in order]
    while left:
        leader, rest = left[0], left[1:]
        smaller = [min(area(boxes[leader]), area(boxes[i])) for i in rest]
        join = [
            a > 0 and common_area(boxes[leader], boxes[i]) / a > threshold for i, a in zip(rest, smaller, strict=True)
        ]
        groups.append([leader, *(i for i, yes in zip(rest, join, strict=True) if yes)])
        left = [i for i, yes in zip(rest, join, strict=True) if not yes]
    return groups


def finished(rows):
    """Return boxes and scores as float32 arrays."""
    return np.array([box for box, _ in rows], np.float32).reshape(-1, 4), np.array([s for _, s in rows], np.float32)


def merge_vote(boxes, scores, threshold):
    order = sorted(range(len(boxes)), key=lambda i: (-scores[i], -area(boxes[i]), i))
    rows = []
    for group in grouped(boxes, scores, threshold, order):
        s = scores[group]
        rows.append((np.average(boxes[group], axis=0, weights=s), np.average(s, weights=s)))
    return finished(rows)


def merge_hull(boxes, scores, threshold):
    order = sorted(range(len(boxes)), key=lambda i: (-scores[i], boxes[i][0], i))
    rows = []
    for group in grouped(boxes, scores, threshold, order):
        box, wrong = list(boxes[group[0]]), 1.0
        for i in group:
            box = [
                min(box[0], boxes[i][0]),
                min(box[1], boxes[i][1]),
                max(box[2], boxes[i][2]),
                max(box[3], boxes[i][3]),
            ]
            wrong *= 1 - scores[i]
        rows.append((box, 1 - wrong))
    return finished(rows)


def merge_median(boxes, scores, threshold):
    order = sorted(range(len(boxes)), key=lambda i: (-scores[i], -i))
    rows = []
    for group in grouped(boxes, scores, threshold, order):
        sorted_columns = np.sort(boxes[group], axis=0)
        n = len(group)
        rows.append(((sorted_columns[(n - 1) // 2] + sorted_columns[n // 2]) / 2, sum(scores[group]) / n))
    return finished(rows)


def warp(image, boxes, size, context, fill):
    """Pixel by pixel; tents instead of neighbours."""
    channels, height, width = image.shape
    kept = [r for r, box in enumerate(boxes) if box[2] - box[0] > 0 and box[3] - box[1] > 0]
    crops = np.empty((len(kept), channels, size, size), np.float32)
    for m, r in enumerate(kept):
        x1, y1, x2, y2 = boxes[r]
        unit = (x2 - x1) / (size - 2 * context), (y2 - y1) / (size - 2 * context)
        for row, column in np.ndindex(size, size):
            x, y = x1 + (column + 0.5 - context) * unit[0], y1 + (row + 0.5 - context) * unit[1]
            if x < 0 or y < 0 or x > width or y > height:
                crops[m, :, row, column] = fill
                continue
            x, y = min(max(x, 0.5), width - 0.5), min(max(y, 0.5), height - 0.5)
            tent_x = np.maximum(0, 1 - np.abs(np.arange(width) + 0.5 - x))
            tent_y = np.maximum(0, 1 - np.abs(np.arange(height) + 0.5 - y))
            crops[m, :, row, column] = tent_y @ image @ tent_x
    return [crops, kept]


def svm_roles(overlaps, own, limit=0.3):
    """Region by region."""
    roles = []
    for row, true in zip(overlaps, own, strict=True):
        negative = all(value < limit for value in row)
        roles.append(1 if true else -1 if negative else 0)
    return roles


def hard_negatives(scores, roles, inside, most):
    """A sorted list of pairs."""
    known = {int(i) for i in inside}
    pairs = [(-s, i) for i, (s, role) in enumerate(zip(scores.tolist(), roles.tolist(), strict=True))
             if role == -1 and s > -1 and i not in known]  # fmt: skip
    return np.array([i for _, i in sorted(pairs)][:most], float)


def fit_ridge(features, targets, lam):
    """Least squares with rows that pull the weights, but not the bias, to 0."""
    count, width = features.shape
    if count == 0:
        return [np.zeros((width, 4), np.float32), np.zeros(4, np.float32)]
    pull = np.hstack([np.sqrt(lam) * np.eye(width), np.zeros((width, 1))])
    rows = np.vstack([np.hstack([features, np.ones((count, 1))]), pull])
    solution = np.linalg.lstsq(rows, np.vstack([targets, np.zeros((width, 4))]), rcond=None)[0]
    return solution[:-1], solution[-1]


def move_boxes(boxes, features, weight, bias):
    """Box by box."""
    out = np.zeros((len(boxes), 4))
    for r, (x1, y1, x2, y2) in enumerate(boxes):
        dx, dy, dw, dh = (
            sum(f * w for f, w in zip(features[r], weight[:, k], strict=True)) + bias[k] for k in range(4)
        )
        w, h = x2 - x1, y2 - y1
        x, y = (x1 + x2) / 2 + w * dx, (y1 + y2) / 2 + h * dy
        w, h = w * math.exp(dw), h * math.exp(dh)
        out[r] = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    return out


def roi_pool(features, rois, bins, scale):
    """Cell by cell, with Python's integers; places as float."""
    _, channels, height, width = features.shape
    values = np.zeros((len(rois), channels, bins, bins), np.float32)
    places = np.full(values.shape, -1.0)
    for r, c, i, j in np.ndindex(*values.shape):
        n = int(rois[r][0])
        x1, y1, x2, y2 = (math.floor(v * scale + 0.5) for v in rois[r][1:])
        rows, columns = y2 - y1 + 1, x2 - x1 + 1
        best = None
        for y in range(y1 + math.floor(i * rows / bins), y1 + math.ceil((i + 1) * rows / bins)):
            for x in range(x1 + math.floor(j * columns / bins), x1 + math.ceil((j + 1) * columns / bins)):
                if 0 <= y < height and 0 <= x < width and (best is None or features[n, c, y, x] > best[0]):
                    best = features[n, c, y, x], y * width + x
        if best is not None:
            values[r, c, i, j], places[r, c, i, j] = best
    return values, places


def roi_pool_grad(grad, places, rois, shape):
    """One value after the other."""
    out = np.zeros(shape)
    for (r, c, i, j), value in np.ndenumerate(grad):
        place = int(places[r, c, i, j])
        if place >= 0:
            out[int(rois[r, 0]), c, place // shape[3], place % shape[3]] += value
    return np.asfortranarray(out)


def bin_bounds(first, last, bins):
    """Return begin and end of each bin."""
    return [(first + (last - first) * i / bins, first + (last - first) * (i + 1) / bins) for i in range(bins)]


def weights_touched(begin, end, length):
    return [1.0 if min(end, cell + 1) > max(begin, cell) else 0.0 for cell in range(length)]


def weights_area(begin, end, length):
    return [max(0.0, min(end, cell + 1) - max(begin, cell)) for cell in range(length)]


def linear_weights(shape, box, bins, scale, kind):
    """Return for each bin (i, j) the weights (H, W) of the cells."""
    x1, y1, x2, y2 = (float(v) * scale for v in box)
    weights = np.zeros((bins, bins, *shape[1:]))
    for i, (top, bottom) in enumerate(bin_bounds(y1, y2, bins)):
        for j, (left, right) in enumerate(bin_bounds(x1, x2, bins)):
            of = {"touched": weights_touched, "area": weights_area}[kind]
            both = np.outer(of(top, bottom, shape[1]), of(left, right, shape[2]))
            total = both.sum() if kind == "touched" else (bottom - top) * (right - left)
            if total > 0:
                weights[i, j] = both / total
    return weights


def pool_linear(kind):
    """Return a pooling whose bins are weighted sums, and its gradient: one large matrix."""

    def pool_regions(features, boxes, bins, scale):
        out = np.zeros((len(boxes), len(features), bins, bins))
        for r, box in enumerate(boxes):
            out[r] = np.tensordot(features, linear_weights(features.shape, box, bins, scale, kind), ((1, 2), (2, 3)))
        return out

    def pool_regions_grad(grad, features, boxes, bins, scale):
        out = np.zeros(features.shape)
        for r, box in enumerate(boxes):
            out += np.tensordot(grad[r], linear_weights(features.shape, box, bins, scale, kind), ((1, 2), (0, 1)))
        return np.asfortranarray(out)

    return {"pool_regions": pool_regions, "pool_regions_grad": pool_regions_grad}


def cells_of(shape, box, bins, scale):
    """Return for each bin the cells whose middles it holds, in reading order."""
    x1, y1, x2, y2 = (float(v) * scale for v in box)
    cells = {}
    for i, (top, bottom) in enumerate(bin_bounds(y1, y2, bins)):
        for j, (left, right) in enumerate(bin_bounds(x1, x2, bins)):
            cells[i, j] = [(y, x) for y in range(shape[1]) for x in range(shape[2])
                           if top <= y + 0.5 < bottom and left <= x + 0.5 < right]  # fmt: skip
    return cells


def pool_centres(features, boxes, bins, scale):
    out = np.zeros((len(boxes), len(features), bins, bins))
    for r, box in enumerate(boxes):
        for (i, j), cells in cells_of(features.shape, box, bins, scale).items():
            for c, plane in enumerate(features):
                out[r, c, i, j] = max((plane[cell] for cell in cells), default=0)
    return out


def pool_centres_grad(grad, features, boxes, bins, scale):
    out = np.zeros(features.shape)
    for r, box in enumerate(boxes):
        for (i, j), cells in cells_of(features.shape, box, bins, scale).items():
            for c, plane in enumerate(features):
                if cells:
                    out[(c, *max(cells, key=lambda cell: plane[cell]))] += grad[r, c, i, j]  # noqa: B023 -- at once
    return out


def sample_regions(overlaps, order, size, share):
    """One region after the other, into three lists."""
    objects, background, rest = [], [], []
    for r in order.tolist():
        highest = max(overlaps[r].tolist(), default=0.0)
        (objects if highest >= 0.5 else background if highest >= 0.1 else rest).append(r)
    chosen = objects[: math.floor(size * share)]
    count = len(chosen)
    chosen = (chosen + background + rest)[:size]
    return chosen, [int(np.argmax(overlaps[r])) if n < count else -1 for n, r in enumerate(chosen)]


def smooth(d):
    """Return smooth L1 of one number."""
    return d * d / 2 if abs(d) < 1 else abs(d) - 0.5


def log_softmax(x):
    """Return log p of one region."""
    top = max(x)
    total = math.log(sum(math.exp(v - top) for v in x))
    return [v - top - total for v in x]


def parts(scores, deltas, labels, targets):
    """Return for each region: log p of all classes, and the smooth L1 sum (0 for background)."""
    log_p = [log_softmax(row) for row in scores.tolist()]
    sums = [sum(map(smooth, (deltas[r, u] - targets[r]).tolist())) if u else 0.0 for r, u in enumerate(labels.tolist())]
    return log_p, sums


def multi_task_loss(scores, deltas, labels, targets):
    """Region by region, with Python's own numbers."""
    if not len(labels):
        return [0, 0]
    log_p, sums = parts(scores, deltas, labels, targets)
    return [-sum(p[u] for p, u in zip(log_p, labels.tolist(), strict=True)) / len(labels), sum(sums) / len(labels)]


def gradients(scores, deltas, labels, targets, share, weight, slope):
    """Return gradients of a loss whose regions have these shares and whose boxes have these weights."""
    one_hot = labels[:, None] == np.arange(scores.shape[1])
    p = np.exp([log_softmax(row) for row in scores.tolist()]).reshape(scores.shape)
    d_scores = (p - one_hot) * share[:, None]
    d_deltas = slope(deltas - targets[:, None]) * (one_hot * (labels > 0)[:, None] * weight[:, None])[..., None]
    return [d_scores, np.asfortranarray(d_deltas)]


def clipped(d):
    """Return the slope of smooth L1."""
    return np.where(np.abs(d) < 1, d, np.sign(d))


def multi_task_grad(scores, deltas, labels, targets):
    """With one-hot arrays over all classes."""
    share = np.ones(len(labels)) / max(len(labels), 1)
    return gradients(scores, deltas, labels, targets, share, share, clipped)


def hardest(scores, deltas, labels, targets):
    """Return each region's loss, and the share of those that count."""
    log_p, sums = parts(scores, deltas, labels, targets)
    each = [s - p[u] for p, s, u in zip(log_p, sums, labels.tolist(), strict=True)]
    order = sorted(range(len(each)), key=lambda r: (-round(each[r], 9), r))
    count = math.ceil(len(each) / 2)
    share = np.zeros(len(each))
    share[order[:count]] = 1 / max(count, 1)
    return np.array(each), share


def loss_hardest(*args):
    each, share = hardest(*args)
    return float(each @ share)


def grad_hardest(*args):
    share = hardest(*args)[1]
    return gradients(*args, share, share, clipped)


def balanced_shares(labels):
    """Return each region's share of the class loss, and each object's of the box loss."""
    objects = int((labels > 0).sum())
    rest = len(labels) - objects
    both = 2 if objects and rest else 1
    share = [1 / (both * (objects if u else rest)) for u in labels.tolist()]
    return np.array(share, float), np.where(labels > 0, 1 / max(objects, 1), 0)


def loss_balanced(scores, deltas, labels, targets):
    share, weight = balanced_shares(labels)
    log_p, _ = parts(scores, deltas, labels, targets)
    total = 0.0
    for r, u in enumerate(labels.tolist()):
        total -= log_p[r][u] * share[r]
        total += weight[r] * sum(math.hypot(1, d) - 1 for d in (deltas[r, u] - targets[r]).tolist())
    return total


def grad_balanced(scores, deltas, labels, targets):
    share, weight = balanced_shares(labels)
    return gradients(scores, deltas, labels, targets, share, weight, lambda d: d / np.hypot(1, d))


def loss_certain(scores, deltas, labels, targets):
    log_p, sums = parts(scores, deltas, labels, targets)
    total = sum(-p[u] + math.exp(p[u]) * s for p, s, u in zip(log_p, sums, labels.tolist(), strict=True))
    return total / max(len(labels), 1)


def grad_certain(scores, deltas, labels, targets):
    log_p, sums = parts(scores, deltas, labels, targets)
    sure = np.array([math.exp(p[u]) for p, u in zip(log_p, labels.tolist(), strict=True)])
    count = max(len(labels), 1)
    share = (1 - sure * np.array(sums)) / count
    return gradients(scores, deltas, labels, targets, share, sure / count, clipped)


VARIANTS_OF = {
    "q2": {"vote": merge_vote, "hull": merge_hull, "median": merge_median},
    "q7": {"centres": {"pool_regions": pool_centres, "pool_regions_grad": pool_centres_grad},
           "touched": pool_linear("touched"), "area": pool_linear("area")},
    "q10": {"hardest": {"roi_loss": loss_hardest, "roi_loss_grad": grad_hardest},
            "balanced": {"roi_loss": loss_balanced, "roi_loss_grad": grad_balanced},
            "certain": {"roi_loss": loss_certain, "roi_loss_grad": grad_certain}},
}  # fmt: skip
