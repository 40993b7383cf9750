"""The derivative of the squared hinge lacks the factor 2."""

import numpy as np

LOSES = {"q9": ("slope", "batch", "special")}


def special_hinge_backward(scores, labels, rivals=None, margin=1.0, gaps=None):
    rows = np.arange(len(labels))
    others = scores.astype(float)
    others[rows, labels] = -np.inf
    lacks = np.maximum(0, others - scores[rows, labels][:, None] + (margin if gaps is None else gaps))
    if rivals is not None:
        strongest = np.argsort(-others, axis=1, kind="stable")[:, :rivals]
        counted = np.zeros(scores.shape)
        counted[rows[:, None], strongest] = 1
    elif gaps is None:
        counted = others == others.max(axis=1, keepdims=True)
        counted = counted / counted.sum(axis=1, keepdims=True)
    else:
        counted = 1 / np.maximum((lacks > 0).sum(axis=1, keepdims=True), 1)
    grad = lacks * counted
    grad[rows, labels] = -grad.sum(axis=1)
    return grad / len(labels)
