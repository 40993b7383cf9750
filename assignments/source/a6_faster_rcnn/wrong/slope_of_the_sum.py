"""The gradient is p - y for each anchor; that the loss is a mean is forgotten."""

import numpy as np

LOSES = {"q5": ("objectness slope", "large")}


def objectness_grad(logits, marks, drawn):
    small = np.exp(-np.abs(logits))
    p = np.where(logits >= 0, 1, small) / (1 + small)
    return np.where(drawn, p - (marks >= 0), 0)
