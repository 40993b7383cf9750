"""Which numbers count is decided by comparing values: equal ones are all treated alike, or the first is taken."""

import numpy as np

LOSES = {"q11": ("ties",)}


def robust_loss_backward(d, trim=None, replace=None):
    if trim is None and replace is None:
        deviation = d - np.median(d)
        grad = np.zeros(len(d))
        chosen = np.flatnonzero(np.abs(deviation) == np.median(np.abs(deviation)))[0]
        grad[chosen] += np.sign(deviation[chosen])
        grad[np.flatnonzero(deviation == 0)[0]] -= np.sign(deviation[chosen])
        return grad
    size, ordered = np.abs(d), np.sort(np.abs(d))
    if trim is not None:
        kept = (size >= ordered[trim]) & (size <= ordered[-1 - trim])
        return np.sign(d) * kept / (len(d) - 2 * trim)
    last = ordered[-1 - replace]
    return np.sign(d) * np.where(size < last, 1, np.where(size == last, replace + 1, 0)) / len(d)
