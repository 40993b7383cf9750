"""The box loss is a mean over the positives: with few of them it outweighs the objectness."""

import numpy as np

LOSES = {"q5": ("boxes", "boxes slope")}


def box_loss(deltas, targets, marks, drawn, beta):
    pays = drawn & (marks >= 0)
    d = np.abs(deltas[pays] - targets[pays])
    losses = np.where(d < beta, d * d / (2 * beta), d - beta / 2)
    return float(losses.sum() / max(pays.sum(), 1))


def box_grad(deltas, targets, marks, drawn, beta):
    pays = drawn & (marks >= 0)
    grad = np.zeros(deltas.shape)
    grad[pays] = np.clip((deltas[pays] - targets[pays]) / beta, -1, 1) / max(pays.sum(), 1)
    return grad
