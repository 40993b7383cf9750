"""exp of the scores as they are: infinite for large ones."""

import numpy as np

LOSES = {"q9": ("large",)}


def multi_task_loss(scores, deltas, labels, targets):
    count, rows = max(len(labels), 1), np.arange(len(labels))
    with np.errstate(all="ignore"):
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        losses = -np.log(p[rows, labels])
    d = np.abs(deltas[rows, labels] - targets)
    boxes = np.where(d < 1, d**2 / 2, d - 0.5).sum(axis=1) * (labels > 0)
    return losses.sum() / count, boxes.sum() / count


def multi_task_grad(scores, deltas, labels, targets):
    count, rows = max(len(labels), 1), np.arange(len(labels))
    with np.errstate(all="ignore"):
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    p[rows, labels] -= 1
    slopes = np.zeros(deltas.shape)
    slopes[rows, labels] = np.clip(deltas[rows, labels] - targets, -1, 1) * (labels > 0)[:, None]
    return p / count, slopes / count
