"""exp of the scores as they are, which is infinite for large ones; and the logarithm of a p that was rounded to 0."""

import numpy as np

LOSES = {"q4": ("large",)}


def class_losses(scores, labels, kind):
    number = np.arange(len(scores))
    if kind == "hinge":
        missing = np.maximum(1 + scores - scores[number, labels][:, None], 0)
        missing[number, labels] = 0
        return missing.sum(axis=1)
    with np.errstate(all="ignore"):
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return -np.log(p[number, labels])
