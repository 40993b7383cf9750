"""The loss of question 9 in place of the term's."""

import numpy as np

LOSES = {"q10": ("values", "one kind", "gradient", "none")}


def both(scores, deltas, labels, targets):
    count, rows = max(len(labels), 1), np.arange(len(labels))
    x = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(x).sum(axis=1)) - x[rows, labels]
    d = np.abs(deltas[rows, labels] - targets)
    boxes = np.where(d < 1, d**2 / 2, d - 0.5).sum(axis=1) * (labels > 0)
    return losses.sum() / count, boxes.sum() / count


def roi_loss_grad(scores, deltas, labels, targets):
    count, rows = max(len(labels), 1), np.arange(len(labels))
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[rows, labels] -= 1
    slopes = np.zeros(deltas.shape)
    slopes[rows, labels] = np.clip(deltas[rows, labels] - targets, -1, 1) * (labels > 0)[:, None]
    return p / count, slopes / count


def roi_loss(scores, deltas, labels, targets):
    return sum(both(scores, deltas, labels, targets))
