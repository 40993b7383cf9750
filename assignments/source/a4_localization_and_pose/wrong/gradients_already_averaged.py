"""The gradients are divided by the number of images, though each of them is one of a single image."""

import numpy as np

LOSES = {"q4": ("softmax slope", "hinge slope", "large"), "q5": ("l2 slope", "smooth l1 slope", "background")}


def class_losses_grad(scores, labels, kind):
    number = np.arange(len(scores))
    if kind == "hinge":
        pull = (1 + scores - scores[number, labels][:, None] > 0) * 1.0
        pull[number, labels] = 0
        pull[number, labels] = -pull.sum(axis=1)
        return pull / len(scores)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[number, labels] -= 1
    return p / len(scores)


def box_losses_grad(codes, targets, labels, kind, beta=1.0):
    grad = np.zeros(codes.shape)
    there = np.flatnonzero(labels > 0)
    away = codes[there, labels[there]] - targets[there]
    grad[there, labels[there]] = away if kind == "l2" else np.clip(away / beta, -1, 1)
    return grad / len(codes)
