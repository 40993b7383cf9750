"""The gradient of the boxes is the sign, also within beta."""

import numpy as np

LOSES = {"q5": ("boxes slope",)}


def box_grad(deltas, targets, marks, drawn, beta):
    pays = drawn & (marks >= 0)
    grad = np.zeros(deltas.shape)
    grad[pays] = np.sign(deltas[pays] - targets[pays]) / max(drawn.sum(), 1)
    return grad
