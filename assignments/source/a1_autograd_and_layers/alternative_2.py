"""Right answers of a third kind: a system of equations, sums that grow class by class, ranks that are counted."""

import math

import numpy as np

# ---- q1 to q3 -------------------------------------------------------------------------------------------------------


def tape_backward(tape, values, result):
    """Every gradient is a sum of slopes times other gradients: that is a system of linear equations. Solve it."""
    number = {name: i for i, name in enumerate(values)}
    slopes = np.zeros((len(values), len(values)))  # row: the source, column: what was made of it
    for operation, name, sources in tape:
        if operation == "exp":
            own = [values[name]]
        elif operation == "multiply":
            own = [values[source] for source in reversed(sources)]
        else:
            own = [1, 1 if operation == "add" else -1]
        np.add.at(slopes, ([number[source] for source in sources], number[name]), own)
    gradients = np.linalg.solve(np.eye(len(values)) - slopes, np.arange(len(values)) == number[result])
    return dict(zip(values, gradients.tolist(), strict=True))


def unbroadcast(gradient, shape):
    """An Einstein sum: the axes that are not named afterwards are added up."""
    axes = list(range(gradient.ndim))
    kept = [axis for axis, length in zip(reversed(axes), reversed(shape)) if length != 1][::-1]
    return np.einsum(gradient, axes, kept).reshape(shape)


def linear_forward(x, weight, bias):
    """The bias is the weight of one more input, which is always 1."""
    return np.c_[x, np.ones(len(x))] @ np.c_[weight, bias].T


def linear_input_gradient(grad, weight):
    """Output by output."""
    total = 0
    for f, row in enumerate(weight):
        total = total + grad[:, f, None] * row
    return total


def linear_weight_gradient(grad, x):
    """What does the layer make of a single 1 among the weights? The gradient counts that."""
    result = np.empty((grad.shape[1], x.shape[1]))
    for index in np.ndindex(result.shape):
        single = np.zeros(result.shape)
        single[index] = 1
        result[index] = np.vdot(grad, x @ single.T)
    return result


def linear_bias_gradient(grad):
    """The last of the running sums."""
    return np.cumsum(grad, axis=0)[-1]


# ---- q4, q5 ---------------------------------------------------------------------------------------------------------


def relu_forward(x):
    """The sign bit says what becomes 0."""
    return np.where(np.signbit(x), 0, x)


def relu_backward(grad, x):
    """A gate of zeros and ones: it is closed at 0."""
    return grad * np.heaviside(x, 0)


def ramp(x, length):
    """Return a function that is 0 up to 0, and has the slope 1 from ``length`` on: a parabola lies between."""
    inside = np.minimum(np.maximum(x, 0), length)
    return inside**2 / (2 * length) + np.maximum(x - length, 0)


def bend(x, leak=None, width=None, threshold=None, limit=None, knee=None):
    """Each of the three is made of lines and ramps."""
    if leak is not None:
        return leak * x + (1 - leak) * ramp(x + width, 2 * width)
    if threshold is not None:
        return ramp(x - threshold, knee) - ramp(-x - threshold, knee)
    return x - ramp(x - limit, knee) + ramp(-x - limit, knee)


def bend_backward(grad, x, leak=None, width=None, threshold=None, limit=None, knee=None):
    """Number by number, piece by piece."""

    def open_part(start, length, at):
        if at <= start:
            return 0.0
        return 1.0 if at >= start + length else (at - start) / length

    def slope(at):
        if leak is not None:
            return leak + (1 - leak) * open_part(-width, 2 * width, at)
        if threshold is not None:
            return open_part(threshold, knee, abs(at))
        return 1 - open_part(limit, knee, abs(at))

    return np.array([g * slope(at) for g, at in zip(grad.flat, x.flat, strict=True)]).reshape(x.shape)


# ---- q6, q7 ---------------------------------------------------------------------------------------------------------


def growing_sum(scores):
    """Return log sum exp of each row, (N,), and the softmax, (N, K): class after class joins.

    A class takes the share sigmoid(its score - the sum so far), and what all earlier ones have shrinks by that share.
    """
    total, shares = scores[:, 0], np.ones((len(scores), 1))
    for column in scores.T[1:]:
        ahead = column - total
        taken = 0.5 + 0.5 * np.tanh(ahead / 2)
        left = 0.5 - 0.5 * np.tanh(ahead / 2)
        shares = np.c_[shares * left[:, None], taken]
        total = total + np.maximum(ahead, 0) + np.log1p(np.exp(-np.abs(ahead)))
    return total, shares


def cross_entropy(scores, labels):
    """The sum grows class by class; the true scores lie on the diagonal of chosen columns."""
    return np.mean(growing_sum(scores)[0] - np.diagonal(scores[:, labels]))


def cross_entropy_backward(scores, labels):
    """Shares, less one where the label says so."""
    shares = growing_sum(scores)[1]
    shares[labels[:, None] == np.arange(scores.shape[1])] -= 1
    return shares / len(labels)


def special_logits(scores, labels, smoothing=None, margins=None, scale=1.0, temperatures=None):
    """Return what goes into the softmax, the targets, and the factor of each class, by which a score was multiplied."""
    k = scores.shape[1]
    own, factors = np.eye(k), np.full(k, scale) if temperatures is None else 1 / temperatures
    targets = own
    if smoothing is not None:
        beside = np.eye(k, k=1) + np.eye(k, k=-1)
        targets = (1 - smoothing) * own + smoothing * (beside / beside.sum(axis=1, keepdims=True))
    handicap = np.zeros((k, k)) if margins is None else np.diag(margins)
    return (scores - handicap[labels]) @ np.diag(factors), targets[labels], factors


def special_cross_entropy(scores, labels, smoothing=None, margins=None, scale=1.0, temperatures=None):
    """One formula for the three: a table of targets with one row for each class."""
    logits, targets, _ = special_logits(scores, labels, smoothing, margins, scale, temperatures)
    behind = growing_sum(logits)[0][:, None] - logits
    return float(np.einsum("nk,nk->", targets, behind)) / len(labels)


def special_cross_entropy_backward(scores, labels, smoothing=None, margins=None, scale=1.0, temperatures=None):
    """Softmax less targets, times the factors."""
    logits, targets, factors = special_logits(scores, labels, smoothing, margins, scale, temperatures)
    return (growing_sum(logits)[1] - targets) @ np.diag(factors / len(labels))


# ---- q8, q9 ---------------------------------------------------------------------------------------------------------


def lead_of_rivals(scores, labels):
    """Return the numbers of each image's rivals, (N, K - 1), and how far they are ahead of the true class."""
    k = scores.shape[1]
    rivals = np.sort((labels[:, None] + np.arange(1, k)) % k, axis=1)
    return rivals, np.take_along_axis(scores, rivals, 1) - np.take_along_axis(scores, labels[:, None], 1)


def handed_back(pulls, rivals, scores, labels):
    """Return the gradient (N, K) of pulls at the rivals: the true class is pulled the other way by all of them."""
    grad = np.zeros(scores.shape)
    np.put_along_axis(grad, rivals, pulls, 1)
    np.put_along_axis(grad, labels[:, None], -pulls.sum(axis=1, keepdims=True), 1)
    return grad / len(labels)


def hinge(scores, labels):
    """Only rivals are in the table: nothing has to be taken out."""
    lack = lead_of_rivals(scores, labels)[1] + 1
    return lack[lack > 0].sum() / len(labels)


def hinge_backward(scores, labels):
    """Rivals in the zone pull with 1."""
    rivals, lead = lead_of_rivals(scores, labels)
    return handed_back(np.heaviside(lead + 1, 0), rivals, scores, labels)


def counted_before(values):
    """Return for each number of the last axis how many are smaller, or equal and further left: no sorting."""
    mine, other = values[..., :, None], values[..., None, :]
    left = np.tri(values.shape[-1], k=-1, dtype=bool)
    return ((other < mine) | ((other == mine) & left)).sum(axis=-1)


def weighed_lacks(scores, labels, rivals=None, margin=1.0, gaps=None):
    """Return numbers of rivals, how far they are in the zone, and how much each counts, (N, K - 1) each."""
    numbers, lead = lead_of_rivals(scores, labels)
    lack = np.maximum(lead + (margin if gaps is None else gaps[numbers]), 0)
    if rivals is not None:
        return numbers, lack, (counted_before(-lead) < rivals) * 1.0
    chosen = lack > 0 if gaps is not None else (lead[:, :, None] >= lead[:, None, :]).all(axis=2)
    return numbers, lack, chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1)


def special_hinge(scores, labels, rivals=None, margin=1.0, gaps=None):
    """Squares with weights: the strongest share a weight of 1."""
    _, lack, weight = weighed_lacks(scores, labels, rivals, margin, gaps)
    return np.vdot(weight, lack * lack) / len(labels)


def special_hinge_backward(scores, labels, rivals=None, margin=1.0, gaps=None):
    """The slope of a square, with the same weights."""
    numbers, lack, weight = weighed_lacks(scores, labels, rivals, margin, gaps)
    return handed_back(2 * weight * lack, numbers, scores, labels)


# ---- q10, q11 -------------------------------------------------------------------------------------------------------


def smooth_l1(d, beta):
    """From its slope s: s d - beta s^2 / 2 is right on both pieces."""
    s = d / np.maximum(np.abs(d), beta)
    return s * (d - beta * s / 2)


def smooth_l1_backward(grad, d, beta):
    """A difference over the larger of itself and beta."""
    return np.divide(grad * d, np.maximum(np.abs(d), beta))


def robust_weights(d, trim=None, replace=None):
    """Return how much each number counts in L = sum of weight times |d|."""
    n, rank = len(d), counted_before(np.abs(d))
    if trim is not None:
        return ((rank >= trim) & (rank + trim < n)) / (n - 2 * trim)
    return (1.0 * (rank + replace < n) + replace * (rank + replace == n - 1)) / n


def two_medians(d):
    """Return, with a single 1 each, which number is the median, and which has the median of the deviations."""
    centre = counted_before(d) == len(d) // 2
    return centre, counted_before(np.abs(d - d[centre])) == len(d) // 2


def robust_loss(d, trim=None, replace=None):
    """A sum with weights that come from counted ranks."""
    if trim is None and replace is None:
        centre, far = two_medians(d)
        return abs((d[far] - d[centre]).item())
    return math.fsum(robust_weights(d, trim, replace) * np.abs(d))


def robust_loss_backward(d, trim=None, replace=None):
    """The weights with the signs of the numbers."""
    if trim is None and replace is None:
        centre, far = two_medians(d)
        return np.sign(d[far] - d[centre]) * (far.astype(int) - centre)
    return np.copysign(robust_weights(d, trim, replace), d) * (d != 0)
