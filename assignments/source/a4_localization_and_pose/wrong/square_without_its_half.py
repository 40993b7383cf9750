"""L2 is the sum of squares, without the half; and so its gradient is twice as large."""

import numpy as np

LOSES = {"q5": ("l2", "l2 slope", "background")}


def box_losses(codes, targets, labels, kind, beta=1.0):
    away = np.abs(codes[np.arange(len(codes)), labels] - targets)
    cost = away**2 if kind == "l2" else np.where(away < beta, away**2 / (2 * beta), away - beta / 2)
    return np.where(labels > 0, cost.sum(axis=1), 0)


def box_losses_grad(codes, targets, labels, kind, beta=1.0):
    grad = np.zeros(codes.shape)
    there = np.flatnonzero(labels > 0)
    away = codes[there, labels[there]] - targets[there]
    grad[there, labels[there]] = 2 * away if kind == "l2" else np.clip(away / beta, -1, 1)
    return grad
