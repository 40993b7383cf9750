"""The scores are made safe for exp by changing the array that was given."""

import numpy as np

LOSES = {"q6": ("one", "mean", "large", "far")}


def cross_entropy(scores, labels):
    scores -= scores.max(axis=1, keepdims=True)
    return (np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels]).mean()
