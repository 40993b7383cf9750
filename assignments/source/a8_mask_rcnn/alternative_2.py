"""More correct solutions: framed maps, one cell at a time, pieces between edges, long integers, complex steps."""

import numpy as np

# q1 and q2


def read(image, ys, xs):
    """Read (C, H, W) at all pairs of ys and xs. The frame repeats the outermost cells, so nothing has to be cut."""
    height, width = image.shape[1:]
    inside = ((ys >= -0.5) & (ys <= height + 0.5))[:, None] & (xs >= -0.5) & (xs <= width + 0.5)
    framed = np.pad(image, ((0, 0), (1, 2), (1, 2)), mode="edge")
    v, u = np.clip(ys + 0.5, 0, height + 1), np.clip(xs + 0.5, 0, width + 1)
    i, j = v.astype(int), u.astype(int)
    rows = framed[:, i] + (v - i)[:, None] * (framed[:, i + 1] - framed[:, i])
    return np.where(inside, rows[:, :, j] + (u - j) * (rows[:, :, j + 1] - rows[:, :, j]), 0)


def roi_align(x, rois, bins, scale, samples):
    """All samples of a region at once; then, along each axis, one sample of every bin after the other."""
    results = [np.zeros((0, x.shape[1], bins, bins))]
    parts = (np.arange(bins * samples) + 0.5) / (bins * samples)
    for image, *box in rois.tolist():
        x1, y1, x2, y2 = (scale * side for side in box)
        values = read(x[int(image)], y1 + parts * (y2 - y1), x1 + parts * (x2 - x1))
        rows = sum(values[:, k::samples] for k in range(samples))
        results.append(sum(rows[:, :, k::samples] for k in range(samples))[None] / samples**2)
    return np.concatenate(results)


def by_impulses(response, grad, height, width):
    """Return the gradient (C, H, W) of a linear rule: what is read of maps that have a 1 in one cell, by ``grad``."""
    impulses = np.eye(height * width).reshape(-1, height, width)  # a channel for each cell
    return np.einsum("rnij,rcij->cn", response(impulses), grad).reshape(-1, height, width)


def roi_align_grad(grad, rois, input_shape, scale, samples):
    """Ask question 1 what a 1 in each cell would have done."""
    out = np.empty(input_shape)
    for number in range(len(out)):
        mine = np.flatnonzero(rois[:, 0] == number)
        here = rois[mine] * [0, 1, 1, 1, 1]

        def response(impulses, here=here):
            return roi_align(impulses[None], here, grad.shape[2], scale, samples)

        out[number] = by_impulses(response, grad[mine], *input_shape[2:])
    return out


# q3


def pieces(low, high, bins, length):
    """Cut an axis at all edges of bins and of pixels: the bin, the pixel and the size of each piece in both."""
    edges = np.linspace(low, high, bins + 1)
    inner = np.arange(length + 1)
    cuts = np.sort(np.concatenate([edges, inner[(inner > low) & (inner < high)]]))
    middle, size = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    pixel = np.floor(middle).astype(int)
    kept = (size > 0) & (pixel >= 0) & (pixel < length)
    return np.searchsorted(edges, middle[kept]) - 1, pixel[kept], size[kept]


def mask_targets(masks, boxes, matches, bins):
    """Piece by piece: each lies in one bin and in one pixel."""
    out = np.zeros((len(boxes), bins, bins))
    for target, (x1, y1, x2, y2), number in zip(out, boxes, matches):
        area = (x2 - x1) * (y2 - y1) / bins**2
        if area > 0:
            (i, row, tall), (j, column, wide) = (
                pieces(low, high, bins, length) for low, high, length in zip((y1, x1), (y2, x2), masks[number].shape)
            )
            covered = np.outer(tall, wide) * masks[number][np.ix_(row, column)]
            np.add.at(target, np.ix_(i, j), covered / area)
    return out


# q4


def true_class(logits, labels):
    """Return the masks of all regions' own classes, (R, M, M), and which regions count, (R, 1, 1)."""
    at = np.reshape(labels, (-1, 1, 1, 1))
    return np.take_along_axis(logits, at, 1)[:, 0], at[:, 0] > 0


def mask_loss(logits, targets, labels):
    """From the larger side of the sigmoid, whichever it is; the background is hidden."""
    z, counts = true_class(logits, labels)
    losses = np.log1p(np.exp(-abs(z))) + np.where(z > 0, (1 - targets) * z, -targets * z)
    return np.average(losses, weights=np.broadcast_to(counts, z.shape)) if counts.any() else 0.0


def mask_loss_grad(logits, targets, labels):
    """The sigmoid is half a hyperbolic tangent."""
    z, counts = true_class(logits, labels)
    slope = counts * (np.tanh(z / 2) + 1 - 2 * targets) / (2 * max(counts.sum(), 1) * z.shape[1] ** 2)
    grad = np.zeros_like(logits, float)
    np.put_along_axis(grad, np.reshape(labels, (-1, 1, 1, 1)), slope[:, None], 1)
    return grad


# q5


def stretched(table, low, high, length):
    """Stretch the last axis of a table over the pixels between two places; np.interp repeats the outermost bins."""
    bins = low + (high - low) * (np.arange(table.shape[1]) + 0.5) / table.shape[1]
    first, end = (int(np.clip(np.ceil(edge - 0.5), 0, length)) for edge in (low, high))
    out = np.zeros((len(table), length))
    for line, values in zip(out, table):
        line[first:end] = np.interp(np.arange(first, end) + 0.5, bins, values)
    return out


def paste_masks(masks, boxes, size):
    """Columns first, then rows."""
    pasted = [stretched(stretched(mask, x1, x2, size[1]).T, y1, y2, size[0]).T
              for mask, (x1, y1, x2, y2) in zip(masks, boxes)]  # fmt: skip
    return np.array(pasted).reshape(-1, *size)


def final_masks(logits, labels, boxes, size, threshold=0.5):
    """Paste the hyperbolic tangents of half the logits, from -1 to 1; a pixel outside of its box is no 0 there."""
    chosen = true_class(logits, labels)[0]
    inside = paste_masks(np.ones_like(chosen), boxes, size)
    return (paste_masks(np.tanh(chosen / 2), boxes, size) + inside) / 2 >= threshold


# q6


def long_integers(masks):
    """Return each mask as one integer with a bit for each pixel."""
    return [int.from_bytes(np.packbits(mask).tobytes(), "big") for mask in masks]


def mask_iou(found, true):
    """Bits that both integers have, over those that one of them has."""
    out = np.zeros((len(found), len(true)))
    for i, one in enumerate(long_integers(found)):
        for j, other in enumerate(long_integers(true)):
            out[i, j] = (one & other).bit_count() / max((one | other).bit_count(), 1)
    return out


def match(ious, threshold):
    """The first detection takes an object; the others are matched with what is left, by the same rule."""
    if not ious.size:
        return np.zeros(len(ious), bool)
    best = ious.shape[1] - 1 - int(np.argmax(ious[0, ::-1]))
    hit = ious[0, best] >= threshold
    left = np.delete(ious[1:], best, axis=1) if hit else ious[1:]
    return np.concatenate([[hit], match(left, threshold)])


def average_precision(scores, right, total):
    """Make precision fall, then look up where each recall is reached first: in whole numbers, without rounding."""
    found = np.asarray(right, int)[np.lexsort((np.arange(len(scores)), -np.asarray(scores)))].cumsum()
    falling = np.maximum.accumulate((found / np.arange(1, len(found) + 1))[::-1])[::-1]
    first = np.searchsorted(100 * found, total * np.arange(101))
    return float(np.append(falling, 0.0)[first].sum() / 101)


def mask_ap(detections, truths, classes):
    """All classes of an image are matched at once: masks of two classes have the overlap -1."""
    thresholds = [0.5 + number / 20 for number in range(10)]
    said, scores = (np.concatenate([one[part] for one in detections]) for part in (1, 2))
    names = np.concatenate([labels for _, labels in truths])
    right = np.zeros((10, len(said)), bool)
    begin = 0
    for (masks, labels, points), (true, own) in zip(detections, truths):
        order = np.argsort(-points, kind="stable")
        ious = np.where(labels[:, None] == own, mask_iou(masks, true), -1)[order]
        for hits, threshold in zip(right, thresholds):
            hits[begin + order] = match(ious, threshold)
        begin += len(labels)
    there = np.intersect1d(names, np.arange(1, classes))
    table = [[average_precision(scores[said == k], hits[said == k], np.sum(names == k)) for k in there]
             for hits in right]  # fmt: skip
    means = np.mean(table, axis=1)
    return means.mean(), means[0], means[5]


# q7


def linear_rule(other_align):
    """Return a rule and its gradient, which asks for the impulses."""

    def other_align_grad(grad, x, regions, bins, samples):
        return by_impulses(lambda impulses: other_align(impulses, regions, bins, samples), grad, *x.shape[1:])

    return {"other_align": other_align, "other_align_grad": other_align_grad}


CUBIC = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2  # of 1, t, t², t³: four weights


def cubic_axis(x, low, high, bins, samples):
    """Read the last axis of a map with cubic weights, and return the means of bins."""
    out = np.zeros((*x.shape[:-1], bins))
    for j, k in np.ndindex(bins, samples):
        u = low + (high - low) * (j + (k + 0.5) / samples) / bins - 0.5
        cells = x.take(np.floor(u).astype(int) + np.arange(-1, 3), axis=-1, mode="clip")
        out[..., j] += cells @ ((u % 1) ** np.arange(4) @ CUBIC) / samples
    return out


def cubic_align(x, regions, bins, samples):
    """First along x, and what comes out of it along y."""
    out = np.zeros((len(regions), len(x), bins, bins))
    for result, (x1, y1, x2, y2) in zip(out, regions):
        across = cubic_axis(x, x1, x2, bins, samples)  # (C, H, M)
        result[:] = cubic_axis(across.swapaxes(1, 2), y1, y2, bins, samples).swapaxes(1, 2)
    return out


def at(x, places):
    """Read (C, H, W) at places, complex numbers x + iy of any shape."""
    u, v = np.clip(places.real - 0.5, 0, x.shape[2] - 1), np.clip(places.imag - 0.5, 0, x.shape[1] - 1)
    j, i = u.astype(int), v.astype(int)
    framed = np.pad(x, ((0, 0), (0, 1), (0, 1)), mode="edge")
    above = framed[:, i, j] * (1 - u + j) + framed[:, i, j + 1] * (u - j)
    below = framed[:, i + 1, j] * (1 - u + j) + framed[:, i + 1, j + 1] * (u - j)
    return above * (1 - v + i) + below * (v - i)


def turned_align(x, regions, bins, samples):
    """To turn a place is to multiply a complex number."""
    out = np.zeros((len(regions), len(x), bins, bins))
    rows, columns = np.mgrid[:bins, :bins]
    for result, (cx, cy, w, h, angle) in zip(out, regions):
        for k, m in np.ndindex(samples, samples):
            a = w * ((columns + (m + 0.5) / samples) / bins - 0.5)
            b = h * ((rows + (k + 0.5) / samples) / bins - 0.5)
            result += at(x, complex(cx, cy) + (a + 1j * b) * np.exp(1j * angle)) / samples**2
    return out


def tournament(x, box, bins, samples):
    """Let the samples of all bins play in reading order: the best values and their places, each (C, M, M)."""
    best, where = np.full((len(x), bins, bins), -np.inf), np.zeros((len(x), bins, bins), complex)
    rows, columns = np.mgrid[:bins, :bins]
    x1, y1, x2, y2 = box
    for k, m in np.ndindex(samples, samples):
        places = x1 + (x2 - x1) * (columns + (m + 0.5) / samples) / bins + 1j * y1
        places = places + 1j * (y2 - y1) * (rows + (k + 0.5) / samples) / bins
        values = at(x, places)
        wins = values > best
        best, where = np.where(wins, values, best), np.where(wins, places, where)
    return best, where


def largest_align(x, regions, bins, samples):
    return np.array([tournament(x, box, bins, samples)[0] for box in regions]).reshape(-1, len(x), bins, bins)


def largest_grad(grad, x, regions, bins, samples):
    impulses = np.eye(x[0].size).reshape(-1, *x.shape[1:])
    slope = np.zeros(x.shape)
    for g, box in zip(grad, regions):
        weights = at(impulses, tournament(x, box, bins, samples)[1])  # (H W, C, M, M)
        slope += np.einsum("ncij,cij->cn", weights, g).reshape(x.shape)
    return slope


# q8


def by_complex_steps(of_region):
    """Return a loss, and its gradient: a step of i h in one logit moves the loss by i h times its slope."""

    def regions(labels):
        return [(r, label) for r, label in enumerate(labels) if label > 0]

    def other_mask_loss(logits, targets, labels):
        found = [of_region(logits[r, k][None], targets[r])[0] for r, k in regions(labels)]
        return float(np.mean(found)) if found else 0.0

    def other_mask_loss_grad(logits, targets, labels):
        grad, chosen = np.zeros(logits.shape), regions(labels)
        for r, k in chosen:
            z = logits[r, k]
            steps = 1e-30j * np.eye(z.size).reshape(-1, *z.shape)  # a step for each bin
            grad[r, k] = of_region(z + steps, targets[r]).imag.reshape(z.shape) / 1e-30 / len(chosen)
        return grad

    return {"other_mask_loss": other_mask_loss, "other_mask_loss_grad": other_mask_loss_grad}


def total(values):
    return values.sum((-1, -2))


def soft_overlap(z, t):
    p = 1 / (1 + np.exp(-z))
    both = total(p * t)
    return 1 - (both + 1) / (total(p) + t.sum() - both + 1)


def both_halves(z, t):
    sides = [(share, np.log(1 + np.exp(sign * z))) for share, sign in ((t, -1), (1 - t, 1)) if share.sum() > 0]
    return sum(total(share * loss) / share.sum() for share, loss in sides) / len(sides)


def heavy_border(z, t):
    framed = np.pad(t >= 0.5, 1, mode="edge")  # a bin does not differ from its own copy
    middle = framed[1:-1, 1:-1]
    beside = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    weights = np.where(np.any([middle ^ other for other in beside], axis=0), 4, 1)
    return total(weights * (np.log(1 + np.exp(z)) - t * z)) / weights.sum()


# q9


def counts(mask, d):
    """Return how many pixels of the mask the square around each pixel has, and how many pixels of the image."""
    found = []
    for values in (mask, np.ones_like(mask)):
        table = np.pad(np.pad(values, d).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        side = 2 * d + 1
        found.append(table[side:, side:] - table[:-side, side:] - table[side:, :-side] + table[:-side, :-side])
    return found


def bands(a, b, d):
    """Of every pixel a letter for each mask: 0 outside, 1 inside, 2 in the band. Count the pairs of letters."""
    letters = [mask * (1 + (counts(mask, d)[0] < (2 * d + 1) ** 2)) for mask in (a, b)]
    table = np.bincount(3 * letters[0].ravel() + letters[1].ravel(), minlength=9).reshape(3, 3)
    whole, rims = table[1:, 1:].sum(), table[2, 2]
    either = table.sum() - table[0, 0], table[2].sum() + table[:, 2].sum() - rims
    return min(whole / max(either[0], 1), rims / max(either[1], 1))


def certain(a, b, d):
    own, image = counts(b, d)
    kept = (own == 0) | (own == image)
    table = np.histogram2d(a[kept], b[kept], bins=2, range=((0, 1), (0, 1)))[0]
    return table[1, 1] / max(table[0, 1] + table[1, 0] + table[1, 1], 1)


def priced(a, b, d):
    one, other = (set(zip(*map(np.ndarray.tolist, np.nonzero(mask)))) for mask in (a, b))
    either = one | other
    if not either:
        return 0.0
    sides = [min(max(line) + d, length - 1) - max(min(line) - d, 0) + 1 for line, length in zip(zip(*either), a.shape)]
    return len(one & other) / len(either) + len(either) / (sides[0] * sides[1]) - 1


def table_of(overlap):
    def other_overlap(found, true, d):
        pairs = [overlap(a, b, d) for a in found for b in true]
        return np.array(pairs, np.float32).reshape(len(found), len(true))

    return other_overlap


VARIANTS_OF = {
    "q7": {
        "largest": {"other_align": largest_align, "other_align_grad": largest_grad},
        "cubic": linear_rule(cubic_align),
        "rotated": linear_rule(turned_align),
    },
    "q8": {
        "jaccard": by_complex_steps(soft_overlap),
        "balanced": by_complex_steps(both_halves),
        "border": by_complex_steps(heavy_border),
    },
    "q9": {"boundary": table_of(bands), "trimap": table_of(certain), "hull": table_of(priced)},
}
