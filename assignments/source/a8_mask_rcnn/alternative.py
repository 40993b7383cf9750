"""Other correct solutions: one place after the other where the reference has matrices, and the other way round."""

import math

import numpy as np


def cells_at(x, y, height, width):
    """Yield the four cells that a place reads, with their weights; nothing if it lies too far outside."""
    if min(x, y) < -0.5 or x > width + 0.5 or y > height + 0.5:
        return
    yield from cells_near(x, y, height, width)


def cells_near(x, y, height, width):
    """Yield the same for any place: outside of the map, the outermost cells go on."""
    u, v = min(max(x - 0.5, 0), width - 1), min(max(y - 0.5, 0), height - 1)
    left, top = int(u), int(v)
    for row, of_row in ((top, 1 - (v - top)), (top + 1, v - top)):
        for column, of_column in ((left, 1 - (u - left)), (left + 1, u - left)):
            if of_row and of_column:
                yield row, column, of_row * of_column


def places_in(region, bins, samples):
    """Yield bin row, bin column, x and y of each sample."""
    x1, y1, x2, y2 = map(float, region)
    for i, j, k, m in np.ndindex(bins, bins, samples, samples):
        yield i, j, x1 + (x2 - x1) * (j + (m + 0.5) / samples) / bins, y1 + (y2 - y1) * (i + (k + 0.5) / samples) / bins


def roi_align(x, rois, bins, scale, samples):
    """Sample by sample; the result is a float32 array in Fortran order."""
    out = np.zeros((len(rois), x.shape[1], bins, bins))
    for r, (image, *box) in enumerate(rois):
        for i, j, px, py in places_in(np.array(box) * scale, bins, samples):
            for row, column, weight in cells_at(px, py, *x.shape[2:]):
                out[r, :, i, j] += weight * x[int(image), :, row, column] / samples**2
    return np.asfortranarray(out, np.float32)


def roi_align_grad(grad, rois, input_shape, scale, samples):
    """The same walk, the other way."""
    out = np.zeros(input_shape)
    for g, (image, *box) in zip(grad, rois):
        for i, j, px, py in places_in(np.array(box) * scale, grad.shape[2], samples):
            for row, column, weight in cells_at(px, py, *input_shape[2:]):
                out[int(image), :, row, column] += weight * g[:, i, j] / samples**2
    return out


def mask_targets(masks, boxes, matches, bins):
    """By sums over the rectangle from the corner of the image to any place, as integral images have it."""
    out = []
    for box, number in zip(boxes, matches):
        x1, y1, x2, y2 = map(float, box)
        height, width = masks[number].shape
        total = np.zeros((height + 1, width + 1))
        total[1:, 1:] = masks[number].cumsum(0).cumsum(1)

        def up_to(x, y, total=total, height=height, width=width):
            x, y = min(max(x, 0), width), min(max(y, 0), height)
            j, i = min(int(x), width - 1), min(int(y), height - 1)
            s, t = x - j, y - i
            return (
                (1 - s) * (1 - t) * total[i, j]
                + s * (1 - t) * total[i, j + 1]
                + (1 - s) * t * total[i + 1, j]
                + s * t * total[i + 1, j + 1]
            )

        target = np.zeros((bins, bins))
        wide, tall = (x2 - x1) / bins, (y2 - y1) / bins
        if wide > 0 and tall > 0:
            for i, j in np.ndindex(bins, bins):
                a, b, c, d = x1 + j * wide, y1 + i * tall, x1 + (j + 1) * wide, y1 + (i + 1) * tall
                target[i, j] = (up_to(c, d) - up_to(a, d) - up_to(c, b) + up_to(a, b)) / (wide * tall)
        out.append(target)
    return np.array(out).reshape(-1, bins, bins)


def sigmoid(z):
    """Return 1 / (1 + exp(-z)) of any number."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def mask_loss(logits, targets, labels):
    """Bin by bin, with Python's own numbers."""
    losses = []
    for r, label in enumerate(labels):
        if label:
            for z, t in zip(logits[r, label].ravel().tolist(), targets[r].ravel().tolist()):
                losses.append(max(z, 0) - t * z + math.log1p(math.exp(-abs(z))))
    return sum(losses) / len(losses) if losses else 0


def mask_loss_grad(logits, targets, labels):
    """With a one-hot array that is all zeros for the background."""
    one_hot = (np.arange(logits.shape[1]) == labels[:, None]) & (labels[:, None] > 0)
    count = max(int(one_hot.sum()), 1) * logits.shape[2] * logits.shape[3]
    p = np.exp(np.minimum(logits, 0)) / (1 + np.exp(-np.abs(logits)))
    return one_hot[:, :, None, None] * (p - targets[:, None]) / count


def paste_masks(masks, boxes, size):
    """Pixel by pixel."""
    bins = masks.shape[-1]
    out = np.zeros((len(masks), *size))
    for r, row, column in np.ndindex(*out.shape):
        x1, y1, x2, y2 = boxes[r]
        if x1 <= column + 0.5 < x2 and y1 <= row + 0.5 < y2:
            place = (column + 0.5 - x1) / (x2 - x1) * bins, (row + 0.5 - y1) / (y2 - y1) * bins
            out[r, row, column] = sum(weight * masks[r, i, j] for i, j, weight in cells_near(*place, bins, bins))
    return out


def final_masks(logits, labels, boxes, size, threshold=0.5):
    """Region by region; ones and zeros in place of True and False."""
    masks = np.array([[[sigmoid(z) for z in row] for row in logits[r, label]] for r, label in enumerate(labels)])
    return (paste_masks(masks, boxes, size) >= threshold).astype(int)


def mask_iou(found, true):
    """Sets of pixels."""
    pixels = [[set(np.flatnonzero(mask)) for mask in masks] for masks in (found, true)]
    ious = [[len(a & b) / len(a | b) if a | b else 0 for b in pixels[1]] for a in pixels[0]]
    return np.array(ious, float).reshape(len(found), len(true))


def match(ious, threshold):
    """Cross out the columns that are taken."""
    left, right = np.array(ious, float), []
    for d in range(len(left)):
        best = left[d].max(initial=-1)
        right.append(bool(best >= threshold))
        if right[-1]:
            left[:, np.flatnonzero(left[d] == best)[-1]] = -1
    return np.array(right, bool)


def average_precision(scores, right, total):
    """From the last detection to the first, with the best precision so far."""
    order = sorted(range(len(scores)), key=lambda d: -scores[d])  # sorted keeps the order of equal ones
    best, asked, total_precision, found = 0.0, 100, 0.0, int(sum(right))
    for place in range(len(order), 0, -1):
        while asked >= 0 and asked * total > found * 100:
            total_precision, asked = total_precision + best, asked - 1
        best = max(best, found / place)
        found -= int(right[order[place - 1]])
    while asked >= 0:
        total_precision, asked = total_precision + best, asked - 1
    return total_precision / 101


def mask_ap(detections, truths, classes):
    """Threshold by threshold."""
    by_threshold = []
    for threshold in range(50, 100, 5):
        scores_of_classes = []
        for k in range(1, classes):
            total, rows = 0, []
            for (masks, labels, scores), (true, names) in zip(detections, truths):
                here = sorted(
                    (d for d in range(len(labels)) if labels[d] == k), key=lambda d, scores=scores: -scores[d]
                )
                objects = [mask for mask, name in zip(true, names) if name == k]
                total += len(objects)
                ious = mask_iou([masks[d] for d in here], objects)
                rows += [(scores[d], hit) for d, hit in zip(here, match(ious, threshold / 100))]
            if total:
                scores_of_classes.append(average_precision([s for s, _ in rows], [hit for _, hit in rows], total))
        by_threshold.append(sum(scores_of_classes) / len(scores_of_classes))
    return [sum(by_threshold) / 10, by_threshold[0], by_threshold[5]]


# q7


def by_samples(cells_of):
    """Return both functions of a rule; ``cells_of(region, bins, samples, height, width)`` yields bins and cells."""

    def other_align(x, regions, bins, samples):
        out = np.zeros((len(regions), len(x), bins, bins))
        for r, region in enumerate(regions):
            for i, j, cells in cells_of(region, bins, samples, *x.shape[1:]):
                for row, column, weight in cells:
                    out[r, :, i, j] += weight * x[:, row, column] / samples**2
        return out

    def other_align_grad(grad, x, regions, bins, samples):
        out = np.zeros(x.shape)
        for g, region in zip(grad, regions):
            for i, j, cells in cells_of(region, bins, samples, *x.shape[1:]):
                for row, column, weight in cells:
                    out[:, row, column] += weight * g[:, i, j] / samples**2
        return out

    return {"other_align": other_align, "other_align_grad": other_align_grad}


def cubic_cells(region, bins, samples, height, width):
    def along(place, length):
        c = math.floor(place - 0.5)
        t = place - 0.5 - c
        for k, w in (
            (-1, -t * (1 - t) ** 2 / 2),
            (0, (2 - 5 * t**2 + 3 * t**3) / 2),
            (1, (t + 4 * t**2 - 3 * t**3) / 2),
            (2, t**2 * (t - 1) / 2),
        ):
            yield min(max(c + k, 0), length - 1), w

    for i, j, x, y in places_in(region, bins, samples):
        yield i, j, [(row, column, a * b) for row, a in along(y, height) for column, b in along(x, width)]


def rotated_cells(region, bins, samples, height, width):
    cx, cy, w, h, angle = region
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    for i, j, a, b in places_in((-w / 2, -h / 2, w / 2, h / 2), bins, samples):
        x, y = turn @ (a, b) + (cx, cy)
        yield i, j, list(cells_near(x, y, height, width))


def largest_of(x, region, bins, samples, channel):
    """Return the value and the cells of the best sample of each bin."""
    best = {}
    for i, j, px, py in places_in(region, bins, samples):
        cells = list(cells_near(px, py, *x.shape[1:]))
        value = sum(weight * x[channel, row, column] for row, column, weight in cells)
        if (i, j) not in best or value > best[i, j][0]:
            best[i, j] = value, cells
    return best


def largest_align(x, regions, bins, samples):
    out = np.zeros((len(regions), len(x), bins, bins))
    for r, c in np.ndindex(*out.shape[:2]):
        for (i, j), (value, _) in largest_of(x, regions[r], bins, samples, c).items():
            out[r, c, i, j] = value
    return out


def largest_grad(grad, x, regions, bins, samples):
    out = np.zeros(x.shape)
    for r, c in np.ndindex(*grad.shape[:2]):
        for (i, j), (_, cells) in largest_of(x, regions[r], bins, samples, c).items():
            for row, column, weight in cells:
                out[c, row, column] += weight * grad[r, c, i, j]
    return out


# q8


def losses_by(of_region):
    """Return loss and gradient; ``of_region(p, t)`` returns a loss and its slope by the logits."""

    def each(logits, targets, labels):
        return [
            (r, labels[r], *of_region(1 / (1 + np.exp(-logits[r, labels[r]])), targets[r]))
            for r in range(len(labels))
            if labels[r]
        ]

    def other_mask_loss(logits, targets, labels):
        found = [loss for _, _, loss, _ in each(logits, targets, labels)]
        return sum(found) / len(found) if found else 0

    def other_mask_loss_grad(logits, targets, labels):
        out, found = np.zeros(logits.shape, order="F"), each(logits, targets, labels)
        for r, label, _, slope in found:
            out[r, label] = slope / len(found)
        return out

    return {"other_mask_loss": other_mask_loss, "other_mask_loss_grad": other_mask_loss_grad}


def jaccard(p, t):
    inter, union = float((p * t).sum()) + 1, float(p.sum() + t.sum() - (p * t).sum()) + 1
    return (union - inter) / union, ((1 - t) * inter - t * union) / union**2 * (p - p**2)


def balanced(p, t):
    losses, slopes = [], []
    for share, loss, slope in ((t, -np.log(p), p - 1), (1 - t, -np.log1p(-p), p)):
        if share.any():
            losses.append((share * loss).sum() / share.sum())
            slopes.append(share * slope / share.sum())
    return sum(losses) / len(losses), sum(slopes) / len(slopes)


def border(p, t):
    weights = np.ones(t.shape)
    for i, j in np.ndindex(*t.shape):
        for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if 0 <= a < t.shape[0] and 0 <= b < t.shape[1] and (t[i, j] < 0.5) != (t[a, b] < 0.5):
                weights[i, j] = 4
    loss = -t * np.log(p) - (1 - t) * np.log1p(-p)
    return float(np.average(loss, weights=weights)), weights / weights.sum() * (p - t)


# q9


def pairwise(overlap):
    return lambda found, true, d: [[overlap(a, b, d) for b in true] for a in found]


def ratio(a, b):
    either = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / either if either else 0.0


def around(mask, i, j, d):
    """Return the pixels of the square that lie in the image, and whether all of it does."""
    square = mask[max(i - d, 0) : i + d + 1, max(j - d, 0) : j + d + 1]
    return square, square.shape == (2 * d + 1, 2 * d + 1)


def boundary(a, b, d):
    bands = []
    for mask in (a, b):
        band = mask.copy()
        for i, j in np.argwhere(mask):
            square, whole = around(mask, i, j, d)
            band[i, j] = not (whole and square.all())
        bands.append(band)
    return min(ratio(a, b), ratio(*bands))


def trimap(a, b, d):
    certain = np.zeros(b.shape, bool)
    for i, j in np.ndindex(*b.shape):
        square, _ = around(b, i, j, d)
        certain[i, j] = square.all() or not square.any()
    return ratio(a & certain, b & certain)


def hull(a, b, d):
    either = np.argwhere(a | b)
    if not len(either):
        return 0
    low, high = np.maximum(either.min(0) - d, 0), np.minimum(either.max(0) + d, np.array(a.shape) - 1)
    area = np.prod(high - low + 1)
    return ratio(a, b) - 1 + len(either) / area


VARIANTS_OF = {
    "q7": {
        "largest": {"other_align": largest_align, "other_align_grad": largest_grad},
        "cubic": by_samples(cubic_cells),
        "rotated": by_samples(rotated_cells),
    },
    "q8": {"jaccard": losses_by(jaccard), "balanced": losses_by(balanced), "border": losses_by(border)},
    "q9": {"boundary": pairwise(boundary), "trimap": pairwise(trimap), "hull": pairwise(hull)},
}
