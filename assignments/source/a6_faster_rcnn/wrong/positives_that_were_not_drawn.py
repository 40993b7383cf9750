"""All positives pay for their boxes, also those that were not drawn."""

import numpy as np

LOSES = {"q5": ("boxes", "boxes slope", "nothing")}


def box_loss(deltas, targets, marks, drawn, beta):
    pays = marks >= 0
    d = np.abs(deltas[pays] - targets[pays])
    losses = np.where(d < beta, d * d / (2 * beta), d - beta / 2)
    return float(losses.sum() / max(drawn.sum(), 1))


def box_grad(deltas, targets, marks, drawn, beta):
    pays = marks >= 0
    grad = np.zeros(deltas.shape)
    grad[pays] = np.clip((deltas[pays] - targets[pays]) / beta, -1, 1) / max(drawn.sum(), 1)
    return grad
