"""The sum of the hinge loss goes over all classes: the true one, which always lacks 1, is counted as well."""

import numpy as np

LOSES = {"q8": ("one", "mean")}


def hinge(scores, labels):
    true = scores[np.arange(len(labels)), labels][:, None]
    return np.maximum(0, scores - true + 1).sum() / len(labels)
