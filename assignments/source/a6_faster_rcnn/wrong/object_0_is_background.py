"""y = 1 where marks > 0: the first object of an image teaches background."""

import numpy as np

LOSES = {"q5": ("objectness", "objectness slope", "large")}


def objectness_loss(logits, marks, drawn):
    z, y = logits[drawn], marks[drawn] > 0
    losses = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    return float(losses.sum() / max(len(z), 1))


def objectness_grad(logits, marks, drawn):
    small = np.exp(-np.abs(logits))
    p = np.where(logits >= 0, 1, small) / (1 + small)
    return np.where(drawn, p - (marks > 0), 0) / max(drawn.sum(), 1)
