"""Other right answers: loops, recursion, Einstein sums, float32, Fortran order, lists; one question, another way."""

import numpy as np


def tape_backward(tape, values, result):
    """Ask each name who used it: a sum over all paths, by recursion."""

    def slope(entry, position):
        operation, name, sources = entry
        if operation == "exp":
            return values[name]
        if operation == "multiply":
            return values[sources[1 - position]]
        return -1.0 if operation == "subtract" and position == 1 else 1.0

    def gradient(name):
        total = 1.0 if name == result else 0.0
        for entry in tape:
            for position, source in enumerate(entry[2]):
                if source == name:
                    total += gradient(entry[1]) * slope(entry, position)
        return total

    return {name: np.float32(gradient(name)) for name in values}


def unbroadcast(gradient, shape):
    """Add up number by number, each where it came from."""
    result = np.zeros(shape, order="F")
    for index in np.ndindex(gradient.shape):
        own = index[gradient.ndim - len(shape) :]
        result[tuple(0 if length == 1 else i for i, length in zip(own, shape))] += gradient[index]
    return result


def linear_forward(x, weight, bias):
    """In float32."""
    return np.einsum("nc,fc->nf", x.astype(np.float32), weight.astype(np.float32)) + bias.astype(np.float32)


def linear_input_gradient(grad, weight):
    """Row by row, as a list."""
    return [list(sum(g * w for g, w in zip(row, weight))) for row in grad]


def linear_weight_gradient(grad, x):
    """A sum of outer products, in Fortran order."""
    total = np.zeros((grad.shape[1], x.shape[1]), order="F")
    for g, row in zip(grad, x):
        total += np.outer(g, row)
    return total


def linear_bias_gradient(grad):
    """A product with ones."""
    return np.ones(len(grad)) @ grad


def relu_forward(x):
    """Half of x and |x|, in float32."""
    x = x.astype(np.float32)
    return (x + np.abs(x)) / 2


def relu_backward(grad, x):
    """A copy, with zeros written into it."""
    result = np.array(grad, order="F")
    result[~(x > 0)] = 0
    return result


def bend(x, leak=None, width=None, threshold=None, limit=None, knee=None):
    """Integrate the slope, from 0 to each x: exactly, because it is a broken line."""
    corners = {
        "leak": lambda: ([-width, width], [leak, 1.0]),
        "threshold": lambda: ([-threshold - knee, -threshold, threshold, threshold + knee], [1.0, 0.0, 0.0, 1.0]),
        "limit": lambda: ([-limit - knee, -limit, limit, limit + knee], [0.0, 1.0, 1.0, 0.0]),
    }["leak" if leak is not None else "threshold" if threshold is not None else "limit"]
    at, slope = corners()
    result = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        low, high = min(0, x[index]), max(0, x[index])
        points = np.array([low, *(a for a in at if low < a < high), high])
        heights = np.interp(points, at, slope)
        area = ((heights[1:] + heights[:-1]) / 2 * np.diff(points)).sum()
        result[index] = area if x[index] > 0 else -area
    if leak is not None:  # which is not 0 at 0
        result += (1 - leak) * width / 4
    return result


def bend_backward(grad, x, leak=None, width=None, threshold=None, limit=None, knee=None):
    """Interpolate in the broken line, in float32."""
    if leak is not None:
        slope = np.interp(x, [-width, width], [leak, 1])
    elif threshold is not None:
        slope = np.interp(np.abs(x), [threshold, threshold + knee], [0, 1])
    else:
        slope = np.interp(np.abs(x), [limit, limit + knee], [1, 0])
    return grad.astype(np.float32) * slope.astype(np.float32)


def cross_entropy(scores, labels):
    """Image by image."""
    total = 0.0
    for row, label in zip(scores, labels):
        total += np.logaddexp.reduce(row - row[label])
    return total / len(labels)


def cross_entropy_backward(scores, labels):
    """In float32 and Fortran order: 1 / (1 + the others' shares)."""
    scores = np.asfortranarray(scores, np.float32)
    with np.errstate(over="ignore"):
        p = 1 / np.exp(scores[:, None, :] - scores[:, :, None]).sum(axis=2)
    return (p - np.eye(scores.shape[1], dtype=np.float32)[labels]) / np.float32(len(labels))


def special_cross_entropy(scores, labels, smoothing=None, margins=None, scale=1.0, temperatures=None):
    """Image by image, with the logarithm of the sum from NumPy."""
    total, k = 0.0, scores.shape[1]
    for row, label in zip(scores, labels):
        t = row.copy() if temperatures is None else row / temperatures
        if margins is not None:
            t[label] -= margins[label]
        t = t * scale
        share = {int(label): 1.0}
        if smoothing is not None:
            near = [j for j in (label - 1, label + 1) if 0 <= j < k]
            share = {int(label): 1 - smoothing} | {int(j): smoothing / len(near) for j in near}
        total += sum(q * np.logaddexp.reduce(t - t[j]) for j, q in share.items())
    return np.float32(total / len(labels))


def special_cross_entropy_backward(scores, labels, smoothing=None, margins=None, scale=1.0, temperatures=None):
    """Image by image, returned as a list."""
    grads, k = [], scores.shape[1]
    for row, label in zip(scores, labels):
        own = np.arange(k) == label
        t = scale * (row - (0 if margins is None else own * margins)) / (1 if temperatures is None else temperatures)
        p = np.exp(t - np.logaddexp.reduce(t))
        if smoothing is None:
            q = own
        else:
            near = np.zeros(k)
            near[[j for j in (label - 1, label + 1) if 0 <= j < k]] = 1
            q = (1 - smoothing) * own + smoothing * near / near.sum()
        grad = scale * (p - q) / (1 if temperatures is None else temperatures)
        grads.append(list(grad / len(labels)))
    return grads


def hinge(scores, labels):
    """With loops."""
    total = 0
    for row, label in zip(scores.tolist(), labels.tolist()):
        total += sum(max(0, score - row[label] + 1) for j, score in enumerate(row) if j != label)
    return total / len(labels)


def hinge_backward(scores, labels):
    """With loops, float32."""
    grad = np.zeros(scores.shape, np.float32)
    for n, label in enumerate(labels):
        for j in range(scores.shape[1]):
            if j != label and scores[n, j] - scores[n, label] + 1 > 0:
                grad[n, j] += 1 / len(labels)
                grad[n, label] -= 1 / len(labels)
    return grad


def special_hinge(scores, labels, rivals=None, margin=1.0, gaps=None):
    """Image by image, with sorted lists."""
    total = 0.0
    for row, label in zip(scores.tolist(), labels.tolist()):
        gap = [margin] * len(row) if gaps is None else gaps
        lacks = sorted((max(0, s - row[label] + gap[j]) for j, s in enumerate(row) if j != label), reverse=True)
        if gaps is not None:
            lacks = [lack for lack in lacks if lack > 0]
            total += sum(lack**2 for lack in lacks) / len(lacks) if lacks else 0
        else:
            total += sum(lack**2 for lack in lacks[: rivals or 1])
    return total / len(labels)


def special_hinge_backward(scores, labels, rivals=None, margin=1.0, gaps=None):
    """Image by image, in Fortran order."""
    grad = np.zeros(scores.shape, order="F")
    for n, label in enumerate(labels):
        row = scores[n]
        lacks = {j: max(0, row[j] - row[label] + (margin if gaps is None else gaps[j]))
                 for j in range(len(row)) if j != label}  # fmt: skip
        if rivals is not None:
            shares = dict.fromkeys(sorted(lacks, key=lambda j: (-row[j], j))[:rivals], 1)
        else:
            best = max(row[j] for j in lacks)
            chosen = [j for j in lacks if (lacks[j] > 0 if gaps is not None else row[j] == best)]
            shares = {j: 1 / len(chosen) for j in chosen}
        for j, share in shares.items():
            grad[n, j] = 2 * lacks[j] * share / len(labels)
        grad[n, label] = -grad[n].sum()
    return grad


def smooth_l1(d, beta):
    """The area under the slope: what was cut off is subtracted."""
    inside = np.minimum(np.abs(d), beta)
    return inside**2 / (2 * beta) + (np.abs(d) - inside)


def smooth_l1_backward(grad, d, beta):
    """Clip, in float32."""
    return np.float32(grad) * np.clip(np.float32(d / beta), -1, 1)


def robust_loss(d, trim=None, replace=None):
    """With Python's own sorting."""
    if trim is None and replace is None:
        centre = sorted(d.tolist())[len(d) // 2]
        return sorted(abs(value - centre) for value in d.tolist())[len(d) // 2]
    size = sorted(map(abs, d.tolist()))
    if trim is not None:
        return sum(size[trim : len(size) - trim]) / (len(size) - 2 * trim)
    return (sum(size[: len(size) - replace]) + replace * size[len(size) - replace - 1]) / len(size)


def robust_loss_backward(d, trim=None, replace=None):
    """With pairs (value, index), which Python sorts as the tie rule says; a list comes back."""
    grad = [0.0] * len(d)
    if trim is None and replace is None:
        middle = len(d) // 2
        centre = sorted((value, i) for i, value in enumerate(d))[middle][1]
        far = sorted((abs(value - d[centre]), i) for i, value in enumerate(d))[middle][1]
        sign = float(np.sign(d[far] - d[centre]))
        grad[far] += sign
        grad[centre] -= sign
        return grad
    order = [i for _, i in sorted((abs(value), i) for i, value in enumerate(d))]
    kept = order[trim : len(d) - trim] if trim is not None else order[: len(d) - replace]
    for i in kept:
        grad[i] = float(np.sign(d[i])) / (len(kept) if trim is not None else len(d))
    if replace is not None:
        grad[kept[-1]] *= replace + 1
    return grad
