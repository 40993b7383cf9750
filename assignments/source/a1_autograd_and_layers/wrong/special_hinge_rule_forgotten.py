"""The special case is forgotten: tied rivals all count, or only the first does; or 0 is divided by 0."""

import numpy as np

LOSES = {"q9": ("special",)}


def special_hinge_backward(scores, labels, rivals=None, margin=1.0, gaps=None):
    rows = np.arange(len(labels))
    others = scores.astype(float)
    others[rows, labels] = -np.inf
    lacks = np.maximum(0, others - scores[rows, labels][:, None] + (margin if gaps is None else gaps))
    if rivals is not None:  # the tie rule
        lacks = np.where(others >= np.sort(others, axis=1)[:, [-rivals]], lacks, 0)
    elif gaps is None:  # the even split
        lacks = lacks * (np.arange(scores.shape[1]) == others.argmax(axis=1)[:, None])
    with np.errstate(all="ignore"):
        grad = 2 * lacks / (1 if gaps is None else (lacks > 0).sum(axis=1, keepdims=True))
    grad[rows, labels] = -grad.sum(axis=1)
    return grad / len(labels)
