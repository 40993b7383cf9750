"""The gradient is that of half the square everywhere: it is not limited to 1."""

import numpy as np

LOSES = {"q9": ("large", "gradient")}


def multi_task_loss(scores, deltas, labels, targets):
    count, rows = max(len(labels), 1), np.arange(len(labels))
    x = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(x).sum(axis=1)) - x[rows, labels]
    d = np.abs(deltas[rows, labels] - targets)
    boxes = np.where(d < 1, d**2 / 2, d - 0.5).sum(axis=1) * (labels > 0)
    return losses.sum() / count, boxes.sum() / count


def multi_task_grad(scores, deltas, labels, targets):
    count, rows = max(len(labels), 1), np.arange(len(labels))
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[rows, labels] -= 1
    slopes = np.zeros(deltas.shape)
    slopes[rows, labels] = (deltas[rows, labels] - targets) * (labels > 0)[:, None]
    return p / count, slopes / count
