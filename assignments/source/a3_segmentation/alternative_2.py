"""Correct solutions of a third kind: matrices, counts, and passes over classes; no loop over pixels, few indices."""

import numpy as np

# q1


def bilinear_weight(channels, kernel_size):
    """A tent is a box, blurred by a box; that of an even kernel lies half a tap further."""
    stride = -(-kernel_size // 2)
    tent = np.convolve(np.ones(stride), np.ones(stride)) / stride
    if kernel_size % 2 == 0:
        tent = np.convolve(tent, [0.5, 0.5])
    blocks = np.kron(np.eye(channels), np.outer(tent, tent))
    return blocks.reshape(channels, kernel_size, channels, kernel_size).swapaxes(1, 2)


# q2


def windows(enlarged_shape, fine_shape, kernel_size, stride):
    """Matrices (H, rows) and (W, columns) that choose the window."""
    begin = (kernel_size - stride) // 2
    pairs_of_sizes = zip(fine_shape[2:], enlarged_shape[2:], strict=True)
    return [np.eye(few, many, begin) for few, many in pairs_of_sizes]


def fuse_skip(enlarged, fine, kernel_size, stride):
    """The window as a product with two matrices."""
    rows, columns = windows(enlarged.shape, fine.shape, kernel_size, stride)
    return fine + rows @ enlarged @ columns.T


def fuse_skip_grad(grad, enlarged_shape, kernel_size, stride):
    """The same matrices, transposed."""
    rows, columns = windows(enlarged_shape, grad.shape, kernel_size, stride)
    return rows.T @ grad @ columns, grad + 0.0


# q3 and q4


def log_sum_exp(scores):
    """Of the scores of each pixel, (N, H, W): class after class is added."""
    total = np.full(scores[:, 0].shape, -np.inf)
    for plane in np.moveaxis(scores, 1, 0):
        total = np.logaddexp(total, plane)
    return total


def by_class(labels, values, elsewhere=0.0):
    """What belongs to each pixel's class, (N, H, W): ``values`` are K numbers, or K maps (N, H, W)."""
    out = np.full(labels.shape, elsewhere)
    for k, value in enumerate(values):
        out = np.where(labels == k, value, out)
    return out


def shares(scores, labels, weights):
    """How much each pixel counts: 0 where it is ignored."""
    return by_class(labels, np.ones(scores.shape[1]) if weights is None else weights)


def losses(scores, labels):
    """Of each pixel; anything where it has no class."""
    return log_sum_exp(scores) - by_class(labels, np.moveaxis(scores, 1, 0))


def cross_entropy(scores, labels, ignore_index=255, weights=None):
    """Ignored pixels have the share 0."""
    share = shares(scores, labels, weights)
    return np.average(losses(scores, labels), weights=share) if share.any() else 0.0


def slopes(scores, labels):
    """p - [k = y]. The probability by what the other scores are ahead of it: 1 / (sum of exp(ahead))."""
    ahead = scores[:, None] - scores[:, :, None]  # of class j (axis 2) before class k (axis 1)
    p = 1 / np.exp(np.minimum(ahead, 600)).sum(2)
    truth = np.stack([labels == k for k in range(scores.shape[1])], 1)
    return np.where(truth, p - 1, p)


def cross_entropy_grad(scores, labels, ignore_index=255, weights=None):
    """Ignored pixels have the share 0 here, too."""
    share = shares(scores, labels, weights)
    return slopes(scores, labels) * (share / (share.sum() or 1.0))[:, None]


# q5


def pool_switches(x):
    """The four pixels of all windows, one after the other: what is larger takes the place."""
    height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    positions = np.arange(x.shape[2] * x.shape[3]).reshape(x.shape[2:])
    values = x[:, :, 0:height:2, 0:width:2]
    switches = np.broadcast_to(positions[0:height:2, 0:width:2], values.shape)
    for row, column in ((0, 1), (1, 0), (1, 1)):
        here = np.s_[..., row:height:2, column:width:2]
        larger = x[here] > values
        values, switches = np.where(larger, x[here], values), np.where(larger, positions[here], switches)
    return values, switches


def jumps(trail):
    """Where each cell of the last stage lies in the first map, (N, C, h * w): the switches of the switches."""
    where = None
    for switches, _ in reversed(trail):
        flat = switches.reshape(*switches.shape[:2], -1)
        where = flat if where is None else np.take_along_axis(flat, where, 2)
    return where


def unpool_switches(x, trail):
    """All stages in one jump."""
    if not trail:
        return x.copy()
    height, width = trail[0][1]
    out = np.zeros((*x.shape[:2], height * width))
    np.put_along_axis(out, jumps(trail), x.reshape(*x.shape[:2], -1), 2)
    return out.reshape(*x.shape[:2], height, width)


def unpool_switches_grad(grad, trail):
    """All stages in one jump back."""
    if not trail:
        return grad.copy()
    planes = grad.reshape(*grad.shape[:2], -1)
    return np.take_along_axis(planes, jumps(trail), 2).reshape(trail[-1][0].shape)


# q6


def confusion_matrix(truth, answer, classes, ignore_index=255):
    """One-hot rows of the pixels, multiplied; those of ignored pixels are 0."""
    names = np.arange(classes)
    return np.dot(np.equal.outer(names, truth.ravel()) * 1, np.equal.outer(answer.ravel(), names) * 1)


def mean_of_some(above, below):
    """The mean of the quotients, of those whose lower number is not 0; 0 if there are none."""
    counted = np.asarray(below) != 0
    return np.divide(above, below, out=np.zeros(len(below)), where=counted).sum() / (counted.sum() or 1)


def iou_of_lists(true, said, classes):
    """Mean IoU of two lists of classes, by counting each class in each list; other numbers have to be ``classes``."""
    both = np.bincount(true[true == said], minlength=classes + 1)[:classes]
    each = np.bincount(np.append(true, said), minlength=classes + 1)[:classes]
    return mean_of_some(both, each - both)


def mean_iou(matrix):
    """Of a symmetric table: what row and column of a class have in sum, less its place in the diagonal."""
    both = np.einsum("kk->k", matrix)
    return mean_of_some(both, (matrix + matrix.T).sum(0) - both)


def dataset_iou(truths, answers, classes, ignore_index=255):
    """Two long lists of the labelled pixels."""
    true, said = (
        np.concatenate([maps[t != ignore_index] for maps, t in zip(some, truths, strict=True)])
        for some in (truths, answers)
    )
    return iou_of_lists(true, said, classes)


# q7


def by_phases(kernel):
    """Return a function that enlarges: pixels with the same place in their cell have the same three weights.

    ``kernel`` makes the weights of distances between 0 and 3/2.
    """

    def along(x, factor):
        """Enlarge the last axis."""
        phase = (np.arange(factor) + 0.5) / factor - 0.5
        taps = kernel(np.abs(phase - np.array([[-1], [0], [1]])))  # (3, factor)
        framed = np.pad(x, ((0, 0), (0, 0), (1, 1)), mode="reflect")
        return (np.lib.stride_tricks.sliding_window_view(framed, 3, axis=2) @ taps).reshape(*x.shape[:2], -1)

    def enlarge_map(x, factor):
        return along(along(x, factor).swapaxes(1, 2), factor).swapaxes(1, 2)

    return enlarge_map


def smooth(distance):
    return np.where(distance < 1, 1 - distance**2 * (3 - 2 * distance), 0)


def inverse(distance):
    left = np.maximum(1 - distance, 0)
    return left**2 / (left**2 + distance**2)


def quadratic(distance):
    return np.where(distance < 0.5, 0.75 - distance**2, (1.5 - distance) ** 2 / 2)


# q8


def nearest(costs):
    """The least of cost plus distance along the last axis: on the way forth, and on the way back."""
    at = np.arange(costs.shape[-1])
    forth = np.minimum.accumulate(costs - at, axis=-1) + at
    back = np.minimum.accumulate((costs + at)[..., ::-1], axis=-1)[..., ::-1] - at
    return np.minimum(forth, back)


def weights_by_distance(labels, ignore_index=255):
    """For each class the steps to all others: along the rows, then along the columns."""
    out = np.zeros(labels.shape)
    for k in np.unique(labels[labels != ignore_index]):
        others = (labels != k) & (labels != ignore_index)
        steps = nearest(np.where(others, 0.0, np.inf))
        steps = nearest(steps.swapaxes(1, 2)).swapaxes(1, 2)
        out = np.where(labels == k, 1 + 2 / np.maximum(steps, 1), out)
    return out


def counts_around(labels, ignore_index):
    """Two maps: the labelled pixels in the window of 3 x 3, and those of the same class as the middle."""
    band_h, band_w = (np.tri(size, k=1) * np.tri(size, k=1).T for size in labels.shape[1:])
    names = np.setdiff1d(labels, ignore_index)
    found = [band_h @ (labels == k) @ band_w for k in names]
    same = np.zeros(labels.shape)
    for k, count in zip(names, found, strict=True):
        same += (labels == k) * count
    return sum(found, np.zeros(labels.shape)), same


def weights_by_neighbours(labels, ignore_index=255):
    """The pixel itself is in both counts."""
    labelled, same = counts_around(labels, ignore_index)
    return (1 + 4 * (labelled - same) / np.maximum(labelled - 1, 1)) * (labels != ignore_index)


def weights_by_window(labels, ignore_index=255):
    """A quotient of two counts."""
    labelled, same = counts_around(labels, ignore_index)
    return np.divide(labelled, same, out=np.zeros(labels.shape), where=labels != ignore_index)


def losses_by(group_of):
    """Return loss and gradient; ``group_of(labels, weights)`` gives each pixel the number of its group, (N, H, W)."""

    def factors(labels, weights, ignore_index):
        """What the loss of each pixel is multiplied by, (N, H, W)."""
        known = labels != ignore_index
        groups = np.where(known, group_of(labels, weights), 0)
        sums = np.bincount(groups.ravel(), (weights * known).ravel())
        return weights * known / np.where(sums > 0, sums, 1)[groups] / max(1, np.count_nonzero(sums))

    def weighted_loss(scores, labels, weights, ignore_index=255):
        return np.vdot(factors(labels, weights, ignore_index), losses(scores, labels))

    def weighted_loss_grad(scores, labels, weights, ignore_index=255):
        return np.einsum("nhw,nkhw->nkhw", factors(labels, weights, ignore_index), slopes(scores, labels))

    return {"weighted_loss": weighted_loss, "weighted_loss_grad": weighted_loss_grad}


def image_of(labels, weights):
    return np.indices(labels.shape)[0]


# q9


def pairs(truth, answer, classes, ignore_index=255):
    """Each pair has a class of its own: that of its pixels, or none (``classes``)."""
    true, said = [], []
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :, 1:], np.s_[:, :, :-1])):
        known = (truth[here] != ignore_index) & (truth[there] != ignore_index)
        for maps, lists in ((truth, true), (answer, said)):
            lists.append(np.where(maps[here] == maps[there], maps[here], classes)[known])
    return iou_of_lists(np.concatenate(true), np.concatenate(said), classes)


def tolerant(truth, answer, classes, ignore_index=255):
    """Class by class: where is it next door? The neighbours by matrices with two diagonals."""
    beside_h, beside_w = (np.eye(size, k=1) + np.eye(size, k=-1) for size in truth.shape[1:])
    counted = answer
    for k in range(classes):
        next_door = beside_h @ (truth == k) + (truth == k) @ beside_w
        counted = np.where((answer == k) & (next_door > 0), truth, counted)
    known = truth != ignore_index
    return iou_of_lists(truth[known], counted[known], classes)


def segments(truth, answer, classes, ignore_index=255):
    """Sizes of all segments at once, as tables (N, K)."""
    known = truth != ignore_index
    masks = [np.stack([(maps == k) & known for k in range(classes)], 1) for maps in (truth, answer)]
    true, said, both = (mask.sum((2, 3)) for mask in (*masks, masks[0] & masks[1]))
    either = true + said - both
    matched = 2 * both > either
    quality = np.where(matched, both / np.maximum(either, 1), 0)
    lost = np.where(matched, 0, (true > 0) / 2 + (said > 0) / 2)
    return mean_of_some(quality.sum(0), (matched + lost).sum(0))


VARIANTS_OF = {
    "q7": {"smooth": by_phases(smooth), "inverse": by_phases(inverse), "quadratic": by_phases(quadratic)},
    "q8": {
        "distance": {"pixel_weights": weights_by_distance, **losses_by(image_of)},
        "neighbours": {"pixel_weights": weights_by_neighbours, **losses_by(lambda labels, weights: labels)},
        "window": {"pixel_weights": weights_by_window, **losses_by(lambda labels, weights: (weights > 1) * 1)},
    },
    "q9": {"pairs": pairs, "tolerant": tolerant, "segments": segments},
}
