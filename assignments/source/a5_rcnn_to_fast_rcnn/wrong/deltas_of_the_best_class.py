"""The deltas of the class with the highest score are compared, not those of the true class."""

import numpy as np

LOSES = {"q9": ("values", "background", "large", "gradient")}


def multi_task_loss(scores, deltas, labels, targets):
    count, rows = max(len(labels), 1), np.arange(len(labels))
    x = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(x).sum(axis=1)) - x[rows, labels]
    d = np.abs(deltas[rows, scores.argmax(axis=1)] - targets)
    boxes = np.where(d < 1, d**2 / 2, d - 0.5).sum(axis=1) * (labels > 0)
    return losses.sum() / count, boxes.sum() / count


def multi_task_grad(scores, deltas, labels, targets):
    count, rows = max(len(labels), 1), np.arange(len(labels))
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[rows, labels] -= 1
    slopes = np.zeros(deltas.shape)
    best = scores.argmax(axis=1)
    slopes[rows, best] = np.clip(deltas[rows, best] - targets, -1, 1) * (labels > 0)[:, None]
    return p / count, slopes / count
