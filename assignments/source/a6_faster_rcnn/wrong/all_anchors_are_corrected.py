"""The gradient reaches anchors that were not drawn, also ignored ones."""

import numpy as np

LOSES = {"q5": ("objectness slope", "large", "nothing")}


def objectness_grad(logits, marks, drawn):
    small = np.exp(-np.abs(logits))
    p = np.where(logits >= 0, 1, small) / (1 + small)
    return (p - (marks >= 0)) / max(drawn.sum(), 1)
