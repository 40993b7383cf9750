"""The slope of an absolute value is taken to be 1 on both sides: the sign is forgotten."""

import numpy as np

LOSES = {"q11": ("slope", "ties")}


def robust_loss_backward(d, trim=None, replace=None):
    grad = np.zeros(len(d))
    if trim is None and replace is None:
        middle = len(d) // 2
        centre = np.argsort(d, kind="stable")[middle]
        grad[np.argsort(np.abs(d - d[centre]), kind="stable")[middle]] += 1
        grad[centre] -= 1
        return grad
    order = np.argsort(np.abs(d), kind="stable")
    if trim is not None:
        grad[order[trim : len(d) - trim]] = 1 / (len(d) - 2 * trim)
        return grad
    grad[order[: len(d) - replace]] = 1 / len(d)
    grad[order[-1 - replace]] *= replace + 1
    return grad
