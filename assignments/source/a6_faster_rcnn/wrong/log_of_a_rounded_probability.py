"""log(p) is taken of the sigmoid, which is exactly 0 or 1 for large logits."""

import numpy as np

LOSES = {"q5": ("large",)}


def objectness_loss(logits, marks, drawn):
    z, y = logits[drawn], marks[drawn] >= 0
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-z))
        losses = np.where(y, -np.log(p), -np.log(1 - p))
    return float(losses.sum() / max(len(z), 1))
