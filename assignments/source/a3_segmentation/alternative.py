"""Other correct solutions: loops over pixels where the reference has whole arrays, and the other way round."""

import itertools
import math

import numpy as np


def bilinear_weight(channels, kernel_size):
    """Read the tent off NumPy's linear interpolation; float32, in Fortran order."""
    stride = math.ceil(kernel_size / 2)
    first = (kernel_size - 1) / 2 - stride  # where the tent begins to rise
    tent = np.interp(np.arange(kernel_size), [first, first + stride, first + 2 * stride], [0, 1, 0])
    weight = np.einsum("ab,i,j->abij", np.eye(channels), tent, tent)
    return np.asfortranarray(weight, np.float32)


def fuse_skip(enlarged, fine, kernel_size, stride):
    """One fine cell after the other, from the centres."""
    centre_of_stamp, centre_of_cells = (kernel_size - 1) / 2, (stride - 1) / 2
    shift = round(centre_of_stamp - centre_of_cells)
    out = np.empty(fine.shape)
    for row, column in np.ndindex(*fine.shape[2:]):
        out[:, :, row, column] = fine[:, :, row, column] + enlarged[:, :, row + shift, column + shift]
    return out


def fuse_skip_grad(grad, enlarged_shape, kernel_size, stride):
    """Pad the gradient with zeros; a list in place of a tuple."""
    before = (kernel_size - stride) // 2
    after = [whole - before - part for whole, part in zip(enlarged_shape[2:], grad.shape[2:], strict=True)]
    return [np.pad(grad, ((0, 0), (0, 0), (before, after[0]), (before, after[1]))), grad]


def cross_entropy(scores, labels, ignore_index=255, weights=None):
    """Pixel by pixel, with Python's own numbers."""
    above = below = 0.0
    for n, row, column in np.ndindex(*labels.shape):
        truth = labels[n, row, column]
        if truth == ignore_index:
            continue
        x = [float(v) for v in scores[n, :, row, column]]
        top = max(x)
        share = 1.0 if weights is None else float(weights[truth])
        above += share * (top + math.log(sum(math.exp(v - top) for v in x)) - x[truth])
        below += share
    return above / below if below else 0


def cross_entropy_grad(scores, labels, ignore_index=255, weights=None):
    """With a one-hot array that is all zeros where a pixel is ignored."""
    classes = np.arange(scores.shape[1]).reshape(1, -1, 1, 1)
    one_hot = (classes == labels[:, None]) & (labels[:, None] != ignore_index)
    share = one_hot.sum(1, keepdims=True) * 1.0
    if weights is not None:
        share = np.einsum("nkhw,k->nhw", one_hot * 1.0, weights)[:, None]
    softmax = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
    return np.asfortranarray((softmax - one_hot) * share / max(share.sum(), 1e-300))


def pool_switches(x):
    """Window by window; positions as float."""
    n, channels, height, width = x.shape
    values = np.empty((n, channels, height // 2, width // 2))
    switches = np.empty(values.shape)
    for a, b, i, j in np.ndindex(*values.shape):
        places = [(2 * i, 2 * j), (2 * i, 2 * j + 1), (2 * i + 1, 2 * j), (2 * i + 1, 2 * j + 1)]
        row, column = max(places, key=lambda place: x[(a, b, *place)])  # noqa: B023 -- the first of equal ones
        values[a, b, i, j], switches[a, b, i, j] = x[a, b, row, column], row * width + column
    return values, switches


def unpool_switches(x, trail):
    """Recursively: the last stage, then the rest."""
    if not trail:
        return x
    switches, size = trail[-1]
    out = np.zeros((*x.shape[:2], *size), np.float64)
    for a, b, i, j in np.ndindex(*x.shape):
        out[(a, b, *np.unravel_index(switches[a, b, i, j], size))] = x[a, b, i, j]
    return unpool_switches(out, trail[:-1])


def unpool_switches_grad(grad, trail):
    """By rows and columns of the positions."""
    for switches, size in trail:
        row, column = np.divmod(switches, size[1])
        n, channels = np.ogrid[: grad.shape[0], : grad.shape[1]]
        grad = grad[n[..., None, None], channels[..., None, None], row, column]
    return np.asfortranarray(grad)


def confusion_matrix(truth, answer, classes, ignore_index=255):
    """A dictionary of pairs; the counts are float."""
    counts = {}
    for pair in zip(truth.ravel().tolist(), answer.ravel().tolist(), strict=True):
        counts[pair] = counts.get(pair, 0) + (pair[0] != ignore_index)
    return np.array([[counts.get((t, a), 0) for a in range(classes)] for t in range(classes)], float)


def mean_iou(matrix):
    """Class by class."""
    scores = []
    for k in range(len(matrix)):
        either = sum(matrix[k]) + sum(row[k] for row in matrix) - matrix[k][k]
        if either:
            scores.append(matrix[k][k] / either)
    return sum(scores) / len(scores)


def dataset_iou(truths, answers, classes, ignore_index=255):
    """All pixels of all images in one long row, then sets of pixels."""
    truth, answer = np.concatenate([t.ravel() for t in truths]), np.concatenate([a.ravel() for a in answers])
    answer = np.where(truth == ignore_index, ignore_index, answer)
    scores = []
    for k in range(classes):
        either = np.count_nonzero((truth == k) | (answer == k))
        if either:
            scores.append(np.count_nonzero((truth == k) & (answer == k)) / either)
    return np.float32(np.mean(scores))


# q7


def mirrored(index, count):
    """Return the cell that stands for a cell outside."""
    if index < 0:
        return -index
    return 2 * (count - 1) - index if index >= count else index


def by_matrix(weights_of):
    """Return a function that enlarges with a matrix; ``weights_of(p)`` gives pairs of a cell and its weight."""

    def matrix(count, factor):
        table = np.zeros((count * factor, count))
        for i in range(count * factor):
            for cell, weight in weights_of((i + 0.5) / factor - 0.5):
                table[i, mirrored(cell, count)] += weight
        return table

    def enlarge_map(x, factor):
        return np.stack([matrix(x.shape[1], factor) @ plane @ matrix(x.shape[2], factor).T for plane in x])

    return enlarge_map


def smooth(p):
    c = math.floor(p)
    t = p - c
    return (c, 1 - t * t * (3 - 2 * t)), (c + 1, t * t * (3 - 2 * t))


def inverse(p):
    c = math.floor(p)
    if p == c:
        return ((c, 1.0),)
    left, right = 1 / (p - c) ** 2, 1 / (c + 1 - p) ** 2
    return (c, left / (left + right)), (c + 1, right / (left + right))


def quadratic(p):
    c = math.floor(p + 0.5)
    return [(c + k, 0.75 - (p - c) ** 2 if k == 0 else 0.5 * (0.5 + k * (p - c)) ** 2) for k in (-1, 0, 1)]


# q8


def weights_by_distance(labels, ignore_index=255):
    """Grow the other classes step by step until they arrive; steps may cross ignored pixels."""
    out = np.where(labels == ignore_index, 0.0, 1.0)
    for n, k in itertools.product(range(len(labels)), np.unique(labels[labels != ignore_index])):
        reached = (labels[n] != k) & (labels[n] != ignore_index)
        if not reached.any():
            continue
        for steps in range(1, sum(labels.shape[1:])):
            grown = reached.copy()
            grown[1:] |= reached[:-1]
            grown[:-1] |= reached[1:]
            grown[:, 1:] |= reached[:, :-1]
            grown[:, :-1] |= reached[:, 1:]
            out[n][grown & ~reached & (labels[n] == k)] = 1 + 2 / steps
            reached = grown
    return out


def neighbourhood(labels, n, row, column):
    """Return the labels in the window of 3 x 3, as far as it lies in the image."""
    return labels[n, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].ravel().tolist()


def weights_by_neighbours(labels, ignore_index=255):
    out = np.zeros(labels.shape)
    for n, row, column in np.argwhere(labels != ignore_index):
        around = [k for k in neighbourhood(labels, n, row, column) if k != ignore_index]
        other = sum(k != labels[n, row, column] for k in around)
        out[n, row, column] = 1 + 4 * other / max(len(around) - 1, 1)
    return out


def weights_by_window(labels, ignore_index=255):
    out = np.zeros(labels.shape)
    for n, row, column in np.argwhere(labels != ignore_index):
        around = [k for k in neighbourhood(labels, n, row, column) if k != ignore_index]
        out[n, row, column] = len(around) / around.count(labels[n, row, column])
    return out


def losses_by(group_of):
    """Return loss and gradient; ``group_of(n, label, weight)`` names the group of a pixel."""

    def members(labels, weights, ignore_index):
        groups = {}
        for place in zip(*np.nonzero(labels != ignore_index), strict=True):
            groups.setdefault(group_of(place[0], labels[place], weights[place]), []).append(place)
        return groups

    def log_p(scores):
        return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)

    def weighted_loss(scores, labels, weights, ignore_index=255):
        groups, logs, means = members(labels, weights, ignore_index), log_p(scores), []
        for places in groups.values():
            losses = [-weights[n, i, j] * logs[n, labels[n, i, j], i, j] for n, i, j in places]
            means.append(sum(losses) / sum(weights[place] for place in places))
        return sum(means) / len(means) if means else 0

    def weighted_loss_grad(scores, labels, weights, ignore_index=255):
        groups, logs, out = members(labels, weights, ignore_index), log_p(scores), np.zeros(scores.shape, order="F")
        for places in groups.values():
            total = sum(weights[place] for place in places)
            for n, i, j in places:
                slope = np.exp(logs[n, :, i, j]) - np.eye(scores.shape[1])[labels[n, i, j]]
                out[n, :, i, j] = slope * weights[n, i, j] / total / len(groups)
        return out

    return {"weighted_loss": weighted_loss, "weighted_loss_grad": weighted_loss_grad}


# q9


def ratios(above, below):
    scores = [a / b for a, b in zip(above, below, strict=True) if b]
    return sum(scores) / len(scores) if scores else 0


def pairs(truth, answer, classes, ignore_index=255):
    """Sets of pairs, each named by its two pixels."""
    true, said = [set() for _ in range(classes)], [set() for _ in range(classes)]
    for n, i, j in np.ndindex(*truth.shape):
        for a, b in ((i + 1, j), (i, j + 1)):
            if a == truth.shape[1] or b == truth.shape[2] or ignore_index in (truth[n, i, j], truth[n, a, b]):
                continue
            for maps, sets in ((truth, true), (answer, said)):
                if maps[n, i, j] == maps[n, a, b]:
                    sets[maps[n, i, j]].add((n, i, j, a, b))
    return ratios([len(t & s) for t, s in zip(true, said, strict=True)],
                  [len(t | s) for t, s in zip(true, said, strict=True)])


def tolerant(truth, answer, classes, ignore_index=255):
    """Pixel by pixel into a confusion matrix."""
    matrix = np.zeros((classes, classes))
    for n, i, j in np.argwhere(truth != ignore_index):
        near = [truth[n, a, b] for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))
                if 0 <= a < truth.shape[1] and 0 <= b < truth.shape[2]]
        said = truth[n, i, j] if answer[n, i, j] in near else answer[n, i, j]
        matrix[truth[n, i, j], said] += 1
    both = np.diag(matrix)
    return ratios(both, matrix.sum(0) + matrix.sum(1) - both)


def segments(truth, answer, classes, ignore_index=255):
    """Sets of pixels for each image and class."""
    quality, count = [0.0] * classes, [0.0] * classes
    for n, k in itertools.product(range(len(truth)), range(classes)):
        true = {tuple(place) for place in np.argwhere(truth[n] == k)}
        said = {tuple(place) for place in np.argwhere((answer[n] == k) & (truth[n] != ignore_index))}
        if 2 * len(true & said) > len(true | said):
            quality[k] += len(true & said) / len(true | said)
            count[k] += 1
        else:
            count[k] += (bool(true) + bool(said)) / 2
    return ratios(quality, count)


VARIANTS_OF = {
    "q7": {"smooth": by_matrix(smooth), "inverse": by_matrix(inverse), "quadratic": by_matrix(quadratic)},
    "q8": {
        "distance": {"pixel_weights": weights_by_distance, **losses_by(lambda n, label, weight: n)},
        "neighbours": {"pixel_weights": weights_by_neighbours, **losses_by(lambda n, label, weight: label)},
        "window": {"pixel_weights": weights_by_window, **losses_by(lambda n, label, weight: weight > 1)},
    },
    "q9": {"pairs": pairs, "tolerant": tolerant, "segments": segments},
}
