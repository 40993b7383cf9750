"""More correct solutions: matrices that are iterated, running maxima, ranks by counting, and other algebra."""

import statistics

import numpy as np


def common_areas(boxes, others):
    """Return the area that each box shares with each of the others: how far their sides lie over one another."""
    sides = [np.minimum.outer(boxes[:, k + 2], others[:, k + 2]) - np.maximum.outer(boxes[:, k], others[:, k])
             for k in (0, 1)]  # fmt: skip
    return np.where((sides[0] > 0) & (sides[1] > 0), sides[0] * sides[1], 0)


def areas_of(boxes):
    """Return the areas of boxes."""
    return np.prod(np.diff(boxes.reshape(-1, 2, 2), axis=1), axis=(1, 2))


def nms(boxes, scores, threshold):
    """One matrix says who could drop whom; who is kept is found by asking again until nothing changes."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    boxes = boxes[order]
    common, areas = common_areas(boxes, boxes), areas_of(boxes)
    drops = np.triu(common > threshold * (np.add.outer(areas, areas) - common), 1)  # the better one drops the other
    drops &= common > 0
    kept = np.ones(len(boxes), bool)
    while True:
        again = ~drops[kept].any(axis=0)
        if (again == kept).all():
            return order[kept]
        kept = again


def nms_per_class(boxes, scores, labels, threshold):
    """Return a list: the lists of the classes, merged by their first elements."""
    queues = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        queues.append(members[nms(boxes[members], scores[members], threshold)].tolist())
    merged = []
    while any(queues):
        best = min((queue for queue in queues if queue), key=lambda queue: (-scores[queue[0]], queue[0]))
        merged.append(best.pop(0))
    return merged


def leaders_of(boxes, threshold):
    """Return for each box the position of its leader: the first one that it overlaps, or else itself."""
    areas = areas_of(boxes)
    smaller = np.minimum.outer(areas, areas)
    shares = common_areas(boxes, boxes) / np.where(smaller > 0, smaller, 1)
    leaders = []
    for i in range(len(boxes)):
        found = [j for j in dict.fromkeys(leaders) if shares[i, j] > threshold]
        leaders.append(found[0] if found else i)
    return leaders


def merging(order_of, box_of, score_of):
    """Return a function that merges groups; each box looks for its leader, not the leader for its boxes."""

    def merge_groups(boxes, scores, threshold):
        order = order_of(boxes, scores)
        boxes, scores = boxes[order], scores[order]
        leaders = np.array(leaders_of(boxes, threshold), int)
        groups = [leaders == leader for leader in np.unique(leaders)]
        merged = [box_of(boxes[group], scores[group]) for group in groups]
        return np.array(merged, float).reshape(-1, 4), [score_of(scores[group]) for group in groups]

    return merge_groups


def larger_area_first(boxes, scores):
    return np.lexsort((np.arange(len(scores)), -areas_of(boxes), -scores))


def further_left_first(boxes, scores):
    return np.lexsort((np.arange(len(scores)), boxes[:, 0], -scores))


def last_first(boxes, scores):
    return np.lexsort((np.arange(len(scores)), scores))[::-1]


def centroid(boxes, scores):
    """Return the mean of a group, box by box: each pulls what was found so far by its part of the weight."""
    box, total = np.zeros(4), 0.0
    for other, score in zip(boxes, scores, strict=True):
        total += score
        box += (other - box) * score / total
    return box


def hull(boxes, scores):
    return np.r_[boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]


def medians(boxes, scores):
    return [statistics.median(column) for column in boxes.T.tolist()]


def at_least_one(scores):
    """Return the probability that one is right: the first, or else one of the rest."""
    return scores[0] + (1 - scores[0]) * at_least_one(scores[1:]) if len(scores) else 0.0


def warp(image, boxes, size, context, fill):
    """Interpolate along the rows, then along the columns: np.interp holds the outermost value by itself."""
    channels, height, width = image.shape
    crops, kept = [], []
    for r, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        if (x2 - x1) * (y2 - y1) == 0:
            continue
        shares = (np.arange(size) - context + 0.5) / (size - 2 * context)  # 0 and 1 are the sides of the box
        x, y = x1 * (1 - shares) + x2 * shares, y1 * (1 - shares) + y2 * shares
        crop = np.apply_along_axis(lambda row, at: np.interp(at, np.arange(width) + 0.5, row), 2, image, x)
        crop = np.apply_along_axis(lambda column, at: np.interp(at, np.arange(height) + 0.5, column), 1, crop, y)
        for c in range(channels):
            crop[c, (y < 0) | (y > height), :] = fill[c]
            crop[c, :, (x < 0) | (x > width)] = fill[c]
        crops.append(crop)
        kept.append(r)
    return np.reshape(crops, (-1, channels, size, size)), kept


def svm_roles(overlaps, own, limit=0.3):
    """Count the objects that are too near."""
    near = np.count_nonzero(overlaps >= limit, axis=1)
    roles = -(near == 0).astype(int)
    roles[own] = 1
    return roles


def hard_negatives(scores, roles, inside, most):
    """Take the largest, cross it out, and begin again."""
    left = np.where(roles == -1, scores, -np.inf).astype(float)
    left[np.array(inside, int)] = -np.inf
    taken = []
    while len(taken) < most and left.size and left.max() > -1:
        taken.append(int(left.argmax()))
        left[taken[-1]] = -np.inf
    return taken


def fit_ridge(features, targets, lam):
    """By singular values: each direction of the features is shrunk by itself."""
    if len(features) == 0:
        return np.zeros((features.shape[1], 4)), np.zeros(4)
    mean = features.sum(axis=0) / len(features)
    u, s, vt = np.linalg.svd(features - mean, full_matrices=False)
    weight = vt.T @ ((s / (s**2 + lam))[:, None] * (u.T @ targets))
    return weight, (targets - features @ weight).mean(axis=0)


def move_boxes(boxes, features, weight, bias):
    """Move each side by itself: by the step of the centre, and by half of what the box grows."""
    dx, dy, dw, dh = (np.einsum("rd,d->r", features, weight[:, k]) + bias[k] for k in range(4))
    x1, y1, x2, y2 = boxes.T
    grown_x, grown_y = np.expm1(dw) / 2, np.expm1(dh) / 2
    w, h = x2 - x1, y2 - y1
    sides = x1 + w * (dx - grown_x), y1 + h * (dy - grown_y), x2 + w * (dx + grown_x), y2 + h * (dy + grown_y)
    return np.stack(sides, axis=1)


def bins_of(cell, cells, bins):
    """Return the numbers of the bins that a cell of a region belongs to."""
    return [i for i in range(bins) if i * cells // bins <= cell and cell * bins < (i + 1) * cells]


def roi_pool(features, rois, bins, scale):
    """Go through the cells, and give each to all its bins: a running maximum."""
    _, channels, height, width = features.shape
    values = np.full((len(rois), channels, bins, bins), -np.inf)
    places = np.full(values.shape, -1)
    for r, (n, *box) in enumerate(rois):
        x1, y1, x2, y2 = (int((2 * v * scale + 1) // 2) for v in box)
        for y in range(max(y1, 0), min(y2 + 1, height)):
            for x in range(max(x1, 0), min(x2 + 1, width)):
                cell = features[int(n), :, y, x]
                for i in bins_of(y - y1, y2 - y1 + 1, bins):
                    for j in bins_of(x - x1, x2 - x1 + 1, bins):
                        better = cell > values[r, :, i, j]
                        values[r, better, i, j] = cell[better]
                        places[r, better, i, j] = y * width + x
    return [np.where(places < 0, 0, values), places]


def roi_pool_grad(grad, places, rois, shape):
    """Number all cells of all maps, and let bincount add; what has no place goes to a cell of its own."""
    total = int(np.prod(shape))
    maps = rois[:, 0].astype(int)[:, None] * shape[1] + np.arange(shape[1])
    cells = np.where(places < 0, total, maps[:, :, None, None] * (shape[2] * shape[3]) + places)
    return np.bincount(cells.ravel(), weights=grad.ravel(), minlength=total + 1)[:total].reshape(shape)


def edges_of(box, bins, scale):
    """Return the borders of the bins of the rows and of the columns, (P + 1,) each."""
    x1, y1, x2, y2 = (float(v) * scale for v in box)
    steps = np.arange(bins + 1)
    return y1 + steps * (y2 - y1) / bins, x1 + steps * (x2 - x1) / bins


def lengths(edges, cells):
    """Return how much of each cell lies in each bin, (P, cells): before its end, but not before its begin."""
    before = np.clip(edges[:, None] - np.arange(cells), 0, 1)
    return before[1:] - before[:-1]


def areas_weights(edges, cells):
    return lengths(edges, cells) / (edges[1] - edges[0])


def touched_weights(edges, cells):
    touched = lengths(edges, cells) > 0
    return touched / np.maximum(touched.sum(axis=1, keepdims=True), 1)


def pool_by_matrices(weights_of):
    """Return a pooling that is a product from the left and one from the right, and its gradient."""

    def matrices(shape, boxes, bins, scale):
        for r, box in enumerate(boxes):
            rows, columns = edges_of(box, bins, scale)
            if rows[-1] > rows[0] and columns[-1] > columns[0]:
                yield r, weights_of(rows, shape[1]), weights_of(columns, shape[2])

    def pool_regions(features, boxes, bins, scale):
        out = np.zeros((len(boxes), len(features), bins, bins))
        for r, left, right in matrices(features.shape, boxes, bins, scale):
            out[r] = left @ features @ right.T
        return out

    def pool_regions_grad(grad, features, boxes, bins, scale):
        out = np.zeros(features.shape)
        for r, left, right in matrices(features.shape, boxes, bins, scale):
            out += left.T @ grad[r] @ right
        return out

    return {"pool_regions": pool_regions, "pool_regions_grad": pool_regions_grad}


def bins_of_middles(edges, cells):
    """Return pairs of a cell and the one bin in which its middle lies."""
    found = np.searchsorted(edges, np.arange(cells) + 0.5, side="right") - 1
    return [(cell, i) for cell, i in enumerate(found.tolist()) if 0 <= i < len(edges) - 1]


def winners(features, boxes, bins, scale):
    """Return for each region, channel and bin the largest value and its cell: a dictionary that cells are put into."""
    best = {}
    for r, box in enumerate(boxes):
        rows, columns = edges_of(box, bins, scale)
        for y, i in bins_of_middles(rows, features.shape[1]):
            for x, j in bins_of_middles(columns, features.shape[2]):
                for c, value in enumerate(features[:, y, x].tolist()):
                    if (r, c, i, j) not in best or value > best[r, c, i, j][0]:
                        best[r, c, i, j] = value, (c, y, x)
    return best


def pool_centres(features, boxes, bins, scale):
    out = np.zeros((len(boxes), len(features), bins, bins))
    for key, (value, _) in winners(features, boxes, bins, scale).items():
        out[key] = value
    return out


def pool_centres_grad(grad, features, boxes, bins, scale):
    out = np.zeros(features.shape)
    for key, (_, cell) in winners(features, boxes, bins, scale).items():
        out[cell] += grad[key]
    return out


def sample_regions(overlaps, order, size, share):
    """Sort by kind and by place in the order; objects beyond their share are a fourth kind, and are cut off."""
    place = np.argsort(order)
    padded = np.concatenate([overlaps, np.zeros((len(order), 1))], axis=1)  # nobody: an object without overlap
    highest = padded.max(axis=1, initial=0)
    kind = 2 - (highest >= 0.1) - (highest >= 0.5).astype(int)
    earlier = ((place[:, None] > place) & (kind == 0)).sum(axis=1)
    kind[(kind == 0) & (earlier >= int(size * share))] = 3
    sample = np.lexsort((place, kind))[: min(size, int((kind < 3).sum()))]
    match = np.where(kind == 0, padded.argmax(axis=1), -1)
    return sample, match[sample]


def log_odds(scores):
    """Return log p (R, K), as minus the log of the sum of exp(x_j - x_k) over j: of differences only."""
    differences = scores[:, :, None] - scores[:, None, :]  # (R, j, k)
    return -np.logaddexp.reduce(differences, axis=1)


def one_hot(labels, classes):
    """Return (R, K): 1 in the column of the true class."""
    return (labels[:, None] == np.arange(classes)).astype(float)


def away(deltas, labels, targets):
    """Return t of the true class minus v, (R, 4); 0 in rows of background."""
    own = np.einsum("rk,rkd->rd", one_hot(labels, deltas.shape[1]), deltas)
    return np.where(labels[:, None] > 0, own - targets, 0)


def smooth(d):
    """Return smooth L1: the area below its slope, a triangle up to 1 and a rectangle beyond."""
    inner = np.minimum(np.abs(d), 1)
    return inner * (np.abs(d) - inner / 2)


def scattered(slopes, labels, classes):
    """Return slopes (R, 4) as gradients (R, K, 4), in the rows of the true classes, not of background."""
    hot = one_hot(labels, classes)
    hot[:, 0] = 0
    return np.einsum("rk,rd->rkd", hot, slopes)


def multi_task_loss(scores, deltas, labels, targets):
    """The class loss as the sum of one-hot times log p; an array of two."""
    count = max(len(labels), 1)
    classes = -np.einsum("rk,rk->", one_hot(labels, scores.shape[1]), log_odds(scores))
    return np.array([classes, smooth(away(deltas, labels, targets)).sum()]) / count


def multi_task_grad(scores, deltas, labels, targets):
    """The slope of smooth L1 is the shorter of d and its sign."""
    count, d = max(len(labels), 1), away(deltas, labels, targets)
    slopes = np.sign(d) * np.minimum(np.abs(d), 1)
    d_scores = np.exp(log_odds(scores)) - one_hot(labels, scores.shape[1])
    return d_scores / count, scattered(slopes, labels, deltas.shape[1]) / count


def hardest(scores, deltas, labels, targets):
    """Return each region's loss, and its share: it counts if fewer than half of the regions go before it."""
    each = smooth(away(deltas, labels, targets)).sum(axis=1)
    each = each - (one_hot(labels, scores.shape[1]) * log_odds(scores)).sum(axis=1)
    place = np.arange(len(each))
    larger = each[None] > each[:, None] + 1e-9
    equal = np.abs(each[None] - each[:, None]) <= 1e-9
    before = (larger | (equal & (place < place[:, None]))).sum(axis=1)
    counts = 2 * before < len(each)
    return each, counts / max(counts.sum(), 1)


def loss_hardest(scores, deltas, labels, targets):
    each, share = hardest(scores, deltas, labels, targets)
    return (each * share).sum()


def grad_hardest(scores, deltas, labels, targets):
    """The gradients of question 9, each region with its own share in place of 1/R."""
    share = hardest(scores, deltas, labels, targets)[1] * len(labels)
    d_scores, d_deltas = multi_task_grad(scores, deltas, labels, targets)
    return d_scores * share[:, None], d_deltas * share[:, None, None]


def mean(values):
    """Return the mean of a list, None of an empty one."""
    return sum(values) / len(values) if values else None


def loss_balanced(scores, deltas, labels, targets):
    """Means of lists; the root without its 1 as d^2 / (1 + root)."""
    surprise = -(one_hot(labels, scores.shape[1]) * log_odds(scores)).sum(axis=1)
    groups = [mean(surprise[labels > 0].tolist()), mean(surprise[labels == 0].tolist())]
    d = away(deltas, labels, targets)[labels > 0]
    boxes = (d**2 / (1 + np.sqrt(1 + d**2))).sum(axis=1).tolist()
    return (mean([group for group in groups if group is not None]) or 0) + (mean(boxes) or 0)


def grad_balanced(scores, deltas, labels, targets):
    """The slope is the sine of an angle whose tangent is d."""
    d_scores = np.exp(log_odds(scores)) - one_hot(labels, scores.shape[1])
    kinds = [np.flatnonzero(labels > 0), np.flatnonzero(labels == 0)]
    present = [rows for rows in kinds if len(rows)]
    for rows in present:
        d_scores[rows] /= len(rows) * len(present)
    slopes = np.sin(np.arctan(away(deltas, labels, targets))) / max(len(kinds[0]), 1)
    return d_scores, scattered(slopes, labels, deltas.shape[1])


def loss_certain(scores, deltas, labels, targets):
    """Region by region, as a function of the probability of its true class."""
    total = 0.0
    for row, u, boxes in zip(log_odds(scores), labels, smooth(away(deltas, labels, targets)), strict=True):
        total += np.exp(row[u]) * boxes.sum() - row[u]
    return total / (len(labels) or 1)


def grad_certain(scores, deltas, labels, targets):
    """By the chain rule: the loss by p_u, and p_u by the scores, which is a row of the softmax's Jacobian."""
    count, d = len(labels) or 1, away(deltas, labels, targets)
    p, hot = np.exp(log_odds(scores)), one_hot(labels, scores.shape[1])
    true = (p * hot).sum(axis=1)
    jacobian = np.einsum("rj,jk->rjk", p, np.eye(scores.shape[1])) - np.einsum("rj,rk->rjk", p, p)
    d_scores = np.einsum("r,rj,rjk->rk", smooth(d).sum(axis=1) - 1 / true, hot, jacobian)
    slopes = np.clip(d, -1, 1) * true[:, None]
    return d_scores / count, scattered(slopes, labels, deltas.shape[1]) / count


VARIANTS_OF = {
    "q2": {
        "vote": merging(larger_area_first, centroid, lambda scores: scores @ scores / scores.sum()),
        "hull": merging(further_left_first, hull, at_least_one),
        "median": merging(last_first, medians, np.mean),
    },
    "q7": {
        "centres": {"pool_regions": pool_centres, "pool_regions_grad": pool_centres_grad},
        "touched": pool_by_matrices(touched_weights),
        "area": pool_by_matrices(areas_weights),
    },
    "q10": {
        "hardest": {"roi_loss": loss_hardest, "roi_loss_grad": grad_hardest},
        "balanced": {"roi_loss": loss_balanced, "roi_loss_grad": grad_balanced},
        "certain": {"roi_loss": loss_certain, "roi_loss_grad": grad_certain},
    },
}
