"""The order is right, but not the use: the median is a constant, the divisor is N, a value repeated counts once."""

import numpy as np

LOSES = {"q11": ("slope", "ties")}


def robust_loss_backward(d, trim=None, replace=None):
    grad = np.zeros(len(d))
    if trim is None and replace is None:
        middle = len(d) // 2
        deviation = d - np.sort(d)[middle]
        chosen = np.argsort(np.abs(deviation), kind="stable")[middle]
        grad[chosen] = np.sign(deviation[chosen])
        return grad
    order = np.argsort(np.abs(d), kind="stable")
    kept = order[trim : len(d) - trim] if trim is not None else order[: len(d) - replace]
    grad[kept] = np.sign(d[kept]) / len(d)
    return grad
