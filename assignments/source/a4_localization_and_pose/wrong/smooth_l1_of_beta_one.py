"""Smooth L1 as it is for beta = 1, whatever beta is."""

import numpy as np

LOSES = {"q5": ("smooth l1", "smooth l1 slope")}


def box_losses(codes, targets, labels, kind, beta=1.0):
    away = np.abs(codes[np.arange(len(codes)), labels] - targets)
    cost = away**2 / 2 if kind == "l2" else np.where(away < 1, away**2 / 2, away - 0.5)
    return np.where(labels > 0, cost.sum(axis=1), 0)


def box_losses_grad(codes, targets, labels, kind, beta=1.0):
    grad = np.zeros(codes.shape)
    there = np.flatnonzero(labels > 0)
    away = codes[there, labels[there]] - targets[there]
    grad[there, labels[there]] = away if kind == "l2" else np.clip(away, -1, 1)
    return grad
