"""An image without positives has three negatives all the same."""

import numpy as np

LOSES = {"q6": ("few",)}


def hard_negatives(losses, labels, ratio=3):
    chosen = np.zeros(labels.shape, bool)
    for row, loss, label in zip(chosen, losses, labels, strict=True):
        background = np.flatnonzero(label == 0)
        order = background[np.argsort(-loss[background], kind="stable")]
        row[order[: ratio * max((label > 0).sum(), 1)]] = True
    return chosen
