"""Where nothing is, row 0 of the codes is compared with the true code all the same."""

import numpy as np

LOSES = {"q5": ("background",)}


def box_losses(codes, targets, labels, kind, beta=1.0):
    away = np.abs(codes[np.arange(len(codes)), labels] - targets)
    cost = away**2 / 2 if kind == "l2" else np.where(away < beta, away**2 / (2 * beta), away - beta / 2)
    return cost.sum(axis=1)


def box_losses_grad(codes, targets, labels, kind, beta=1.0):
    grad = np.zeros(codes.shape)
    number = np.arange(len(codes))
    away = codes[number, labels] - targets
    grad[number, labels] = away if kind == "l2" else np.clip(away / beta, -1, 1)
    return grad
