"""Correct solutions of a third kind: matrices for places, complex numbers, masks, and slopes without any derivation."""

import numpy as np

CORNERS_TO_CENTRES = np.array([[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]])
CENTRES_TO_CORNERS = np.linalg.inv(CORNERS_TO_CENTRES)


def centred(boxes):
    """Return (N, 4): the centre in x and y, width and height."""
    return np.asarray(boxes, float) @ CORNERS_TO_CENTRES


def highest(plane):
    """Return row and column of the highest cell; Python's max takes the first of equal ones."""
    return max(np.ndindex(plane.shape), key=plane.__getitem__)


def slope_by_complex_step(loss, place, *, small=1e-30):
    """Return the gradient of a loss that is built of sums, products and exponentials.

    Each number makes one step off the real line. Nothing is subtracted, so the step can be too small to be seen.
    """
    steps = 1j * small * np.eye(len(place))
    return np.array([np.imag(loss(place + step)) / small for step in steps])


# q1


def box_areas(boxes):
    """As determinants of the two sides."""
    width, height = (np.asarray(boxes)[:, 2:] - np.asarray(boxes)[:, :2]).T
    zero = np.zeros(len(boxes))
    return np.linalg.det(np.stack([width, zero, zero, height], -1).reshape(-1, 2, 2))


def box_iou(boxes_a, boxes_b):
    """The edges of all boxes cut the plane into pieces, and each piece is in a box as a whole or not at all."""
    both = np.concatenate([boxes_a, boxes_b])
    xs, ys = np.unique(both[:, 0::2]), np.unique(both[:, 1::2])
    area = np.outer(np.diff(ys), np.diff(xs)).ravel()

    def pieces(boxes):
        across = (boxes[:, 0, None] <= xs[:-1]) & (xs[1:] <= boxes[:, 2, None])
        down = (boxes[:, 1, None] <= ys[:-1]) & (ys[1:] <= boxes[:, 3, None])
        return (down[:, :, None] & across[:, None, :]).reshape(len(boxes), len(area))

    one, other = pieces(boxes_a), pieces(boxes_b)
    in_both = np.einsum("np,mp,p->nm", one, other, area)
    in_one = np.einsum("nmp,p->nm", one[:, None] | other[None], area)
    return np.divide(in_both, in_one, out=np.zeros_like(in_both), where=in_one > 0)


# q2


def encode_boxes(boxes, references):
    """With one matrix; what has no code is replaced by a code of zeros beforehand."""
    boxes, references = centred(boxes), centred(references)
    valid = np.prod(boxes[:, 2:] * references[:, 2:], axis=1) > 0
    boxes = np.where(valid[:, None], boxes, [0, 0, 1, 1])
    references = np.where(valid[:, None], references, [0, 0, 1, 1])
    unit = references[:, 2:]
    return np.concatenate([(boxes - references)[:, :2] / unit, np.log(boxes[:, 2:] / unit)], 1), valid


def decode_boxes(codes, references, largest=4.0):
    """With the inverse matrix."""
    references = centred(references)
    place, size = np.split(np.array(codes, float), 2, axis=1)
    size[size > largest] = largest
    moved = references + np.pad(place * references[:, 2:], ((0, 0), (0, 2)))
    return (moved * np.exp(np.pad(size, ((0, 0), (2, 0))))) @ CENTRES_TO_CORNERS


# q3


def encode_sides(boxes, references):
    """From the half size and the way between the centres."""
    boxes, references = centred(boxes), centred(references)
    way, half = np.split((boxes - references * [1, 1, 0, 0]) / np.tile(references[:, 2:], 2) / [1, 1, 2, 2], 2, axis=1)
    return np.concatenate([half - way, half + way], 1)


def decode_sides(codes, references):
    """Neither side goes beyond the middle of the two, from which it looks away."""
    references = centred(references)
    x, y, w, h = references.T[:, :, None]
    x_sides, y_sides = x + w * codes[:, 0::2] * [-1, 1], y + h * codes[:, 1::2] * [-1, 1]
    low = np.stack([np.minimum(sides[:, 0], sides.mean(1)) for sides in (x_sides, y_sides)], 1)
    high = np.stack([np.maximum(sides[:, 1], sides.mean(1)) for sides in (x_sides, y_sides)], 1)
    return np.concatenate([low, high], 1)


def encode_roots(boxes, references):
    """The root of a number below 0 is imaginary: what is real counts up, what is imaginary counts down."""
    boxes, references = centred(boxes), centred(references)
    roots = np.sqrt((boxes - references * [1, 1, 0, 0]) / np.tile(references[:, 2:], 2) + 0j)
    return roots.real - roots.imag - [0, 0, 1, 1]


def decode_roots(codes, references):
    """(t + 1)^2 as a polynomial."""
    references = centred(references)
    place, size = np.hsplit(np.asarray(codes, float), 2)
    share = np.hstack([np.copysign(place**2, place), np.polyval([1, 2, 1], np.where(size < -1, -1, size))])
    return (share * np.tile(references[:, 2:], 2) + references * [1, 1, 0, 0]) @ CENTRES_TO_CORNERS


def encode_aspect(boxes, references):
    """Places and sizes are complex numbers: the length of a size is the diagonal, its angle the aspect."""
    (place, size), (origin, unit) = (
        (c[:, 0] + 1j * c[:, 1], c[:, 2] + 1j * c[:, 3]) for c in (centred(boxes), centred(references))
    )
    way = (place - origin) / np.abs(unit)
    area = np.log((size**2).imag / (unit**2).imag)  # (w + ih)^2 has the imaginary part 2wh
    return np.stack([way.real, way.imag, area, np.log(np.tan(np.angle(unit)) / np.tan(np.angle(size)))], 1)


def decode_aspect(codes, references):
    """The two logarithms of sizes are the solution of two equations."""
    references = centred(references)
    way = codes[:, :2] * np.linalg.norm(references[:, 2:], axis=1, keepdims=True)
    logs = np.linalg.solve([[1, 1], [1, -1]], np.minimum(4, np.maximum(-4, codes[:, 2:])).T).T
    return np.hstack([references[:, :2] + way, references[:, 2:] * np.exp(logs)]) @ CENTRES_TO_CORNERS


# q4


def lead(scores, labels):
    """Return how far each class is ahead of the true one, (N, K)."""
    return scores - np.take_along_axis(scores, labels[:, None], 1)


def class_losses(scores, labels, kind):
    """From the leads: log-sum-exp, or (m + |m|) / 2, in which the true class itself has a margin of 1."""
    ahead = lead(scores, labels)
    if kind == "softmax":
        return np.logaddexp.reduce(ahead, axis=1)
    return (1 + ahead + np.abs(1 + ahead)).sum(axis=1) / 2 - 1


def class_losses_grad(scores, labels, kind):
    """Class by class: the probability of k is 1 over the sum of all exp(s_j - s_k)."""
    grad = np.empty(scores.shape)
    for k in range(scores.shape[1]):
        if kind == "softmax":
            grad[:, k] = 1 / np.exp(np.minimum(scores - scores[:, k, None], 700)).sum(axis=1)
        else:
            grad[:, k] = np.heaviside(1 + lead(scores, labels)[:, k], 0)
    pulled = 1.0 if kind == "softmax" else grad.sum(axis=1)  # the true class is pulled by all that pull, itself too
    np.subtract.at(grad, (np.arange(len(labels)), labels), pulled)
    return grad


# q5


def slopes_of(codes, targets, labels, kind, beta):
    """Return the differences in the row of the true class, and the slope of the loss there, (N, 4) each."""
    said = np.take_along_axis(codes, labels[:, None, None], 1)[:, 0]
    d = np.where(labels[:, None] > 0, said - targets, 0.0)
    return d, d if kind == "l2" else np.median([d / beta, np.ones_like(d), -np.ones_like(d)], axis=0)


def box_losses(codes, targets, labels, kind, beta=1.0):
    """From the slopes alone: both losses are slope d - (slope^2) beta / 2, where beta is 1 for L2."""
    d, slope = slopes_of(codes, targets, labels, kind, beta)
    return np.einsum("nc,nc->n", slope, d - slope * (0.5 if kind == "l2" else beta / 2))


def box_losses_grad(codes, targets, labels, kind, beta=1.0):
    """Put along the axis of classes; the slope is 0 where nothing is."""
    grad = np.zeros_like(codes, dtype=float)
    slope = slopes_of(codes, targets, labels, kind, beta)[1]
    np.put_along_axis(grad, labels[:, None, None], slope[:, None], 1)
    return grad


# q6


def multi_task_loss(class_losses, box_losses, labels, weight):
    """Averages with weights; the loss is linear, so its slopes are its values where one of the losses is 1."""

    def total(classes, boxes):
        return np.average(classes) + (weight * np.average(boxes, weights=labels > 0) if labels.any() else 0)

    ones, nothing = np.eye(len(labels)), np.zeros(len(labels))
    return total(class_losses, box_losses), [total(one, nothing) for one in ones], [total(nothing, one) for one in ones]


# q7


def chosen_one_by_one(losses, labels, most):
    """Return True for the images that count: the largest loss is taken out, again and again."""
    left = np.where(labels > 0, losses, -np.inf)
    while most and left.max() > -np.inf:
        left[left.argmax()] = -np.inf
        most -= 1
    return (labels > 0) & (left == -np.inf)


def join_hardest(class_losses, box_losses, labels, setting):
    chosen = chosen_one_by_one(box_losses, labels, setting)
    return np.average(class_losses) + (np.average(box_losses, weights=chosen) if chosen.any() else 0.0)


def join_hardest_grad(class_losses, box_losses, labels, setting):
    chosen = chosen_one_by_one(box_losses, labels, setting).astype(np.float32)
    return np.ones_like(class_losses) / chosen.size, chosen / np.clip(chosen.sum(), 1, None)


def join_trust(class_losses, box_losses, labels, setting):
    objects = labels.nonzero()[0]
    believed = np.exp(-class_losses[objects]) @ box_losses[objects]
    return class_losses.mean() + setting * believed / max(objects.size, 1)


def join_trust_grad(class_losses, box_losses, labels, setting):
    return (slope_by_complex_step(lambda c: join_trust(c, box_losses, labels, setting), class_losses),
            slope_by_complex_step(lambda b: join_trust(class_losses, b, labels, setting), box_losses))


def join_uncertain(class_losses, box_losses, labels, setting):
    kinds = (class_losses, box_losses[labels > 0])
    return sum(np.exp(-s) * np.add.reduce(losses) / losses.size + s
               for s, losses in zip(setting, kinds, strict=True) if losses.size)


def join_uncertain_grad(class_losses, box_losses, labels, setting):
    return (slope_by_complex_step(lambda c: join_uncertain(c, box_losses, labels, setting), class_losses),
            slope_by_complex_step(lambda b: join_uncertain(class_losses, b, labels, setting), box_losses),
            slope_by_complex_step(lambda s: join_uncertain(class_losses, box_losses, labels, s), setting))


# q8


def heatmap_targets(joints, size, cell, sigma):
    """Cells and joints are complex numbers: no distance in x and y apart."""
    h, w = size
    centres = np.arange(0.5, w) + 1j * np.arange(0.5, h)[:, None]
    places = (joints[:, 0] + 1j * joints[:, 1]) / cell
    maps = np.exp(-(np.abs(np.subtract.outer(places, centres)) ** 2) / (2 * sigma**2))
    inside = (np.clip(places.real, 0, w) == places.real) & (np.clip(places.imag, 0, h) == places.imag)
    counts = inside & (joints[:, 2] > 0)
    maps[~counts] = 0
    return maps, counts


# q9


def decode_heatmaps(maps, cell):
    """With a frame of NaN: a difference to what is missing is no number, and no shift. A list."""
    out = []
    for plane in maps:
        r, c = highest(plane)
        framed = np.pad(plane.astype(float), 1, constant_values=np.nan)
        higher = np.array([framed[r + 1, c + 2] - framed[r + 1, c], framed[r + 2, c + 1] - framed[r, c + 1]])
        quarters = (higher > 0).astype(float) - (higher < 0)  # both are False for NaN
        out.append(list(cell * (np.array([c, r]) + 0.5 + quarters / 4)))
    return out


# q10


def parabola(maps, cell):
    """The parabola is fitted, and its slope is 0 at the top."""
    places = np.empty((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = highest(plane)
        for axis, (line, i) in enumerate(((plane[r], c), (plane[:, c], r))):
            top = 0.0
            if min(i, len(line) - 1 - i) > 0:
                square, straight, _ = np.linalg.solve(np.vander([-1.0, 0.0, 1.0]), line[i - 1 : i + 2])
                top = -straight / (2 * square)
            places[k, axis] = cell * (i + 0.5 + top)
    return places


def mass(maps, cell):
    """All cells of the map pull; those that are not in the window weigh nothing."""
    places = []
    for plane in maps:
        rows, columns = np.indices(plane.shape)
        r, c = highest(plane)
        weights = np.where((abs(rows - r) < 2) & (abs(columns - c) < 2) & (plane > 0), plane, 0.0)
        if not weights.any():
            weights[r, c] = 1
        places.append([np.average(place, weights=weights) * cell + cell / 2 for place in (columns, rows)])
    return np.array(places)


def second(maps, cell):
    """Python sorts all cells, and equal ones stay in their order; the way is a complex number of length 1."""
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        first, *others = sorted(np.ndindex(plane.shape), key=lambda at, values=plane: -values[at])
        place = complex(first[1] + 0.5, first[0] + 0.5)
        if others:
            way = complex(others[0][1] - first[1], others[0][0] - first[0])
            place += way / abs(way) / 4
        out[k] = place.real * cell, place.imag * cell
    return out


# q11


def exchange(number, pairs):
    """Return the matrix that exchanges the rows of each pair."""
    matrix = np.eye(number)
    for one, other in pairs:
        matrix[[one, other]] = matrix[[other, one]]
    return matrix


def flip_boxes(boxes, width):
    """One matrix, and the width is added to both edges."""
    return boxes @ [[0, 0, -1, 0], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1]] + np.array([width, 0, width, 0])


def flip_joints(joints, width, pairs):
    """A labelled joint moves by width - 2 x, one that is not by 0; a matrix exchanges the rows."""
    moved = joints + np.outer(np.sign(joints[:, 2]) * (width - 2 * joints[:, 0]), [1, 0, 0])
    return exchange(len(joints), pairs) @ moved


def flip_maps(maps, pairs):
    """Both as one product of three arrays."""
    k, _, w = maps.shape
    return np.einsum("kj,jhw,wv->khv", exchange(k, pairs), maps, np.eye(w)[::-1])


# q12


def pck(truth, answers, segment, alpha):
    """With masked arrays; squares are compared, as no root is needed to see which of two is longer."""
    seen, a, b = truth[..., 2] > 0, *segment
    squared = ((truth[:, a, :2] - truth[:, b, :2]) ** 2).sum(axis=1, keepdims=True)
    near = ((answers - truth[..., :2]) ** 2).sum(axis=2) <= alpha**2 * squared
    counted = seen & seen[:, [a]] & seen[:, [b]] & (squared > 0)
    shares = np.ma.masked_array(near, ~counted).mean(axis=0)
    return np.ma.filled(shares.astype(float), np.nan), float(np.ma.filled(shares.mean().astype(float), np.nan))


VARIANTS_OF = {
    "q3": {
        "sides": {"encode_special": encode_sides, "decode_special": decode_sides},
        "roots": {"encode_special": encode_roots, "decode_special": decode_roots},
        "aspect": {"encode_special": encode_aspect, "decode_special": decode_aspect},
    },
    "q7": {
        "hardest": {"join_losses": join_hardest, "join_losses_grad": join_hardest_grad},
        "trust": {"join_losses": join_trust, "join_losses_grad": join_trust_grad},
        "uncertain": {"join_losses": join_uncertain, "join_losses_grad": join_uncertain_grad},
    },
    "q10": {"parabola": parabola, "mass": mass, "second": second},
}
