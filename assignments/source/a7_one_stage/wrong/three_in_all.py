"""ratio is taken for the number of negatives of an image, however many positives it has."""

import numpy as np

LOSES = {"q6": ("choice", "few")}


def hard_negatives(losses, labels, ratio=3):
    chosen = np.zeros(labels.shape, bool)
    for row, loss, label in zip(chosen, losses, labels, strict=True):
        background = np.flatnonzero(label == 0)
        order = background[np.argsort(-loss[background], kind="stable")]
        row[order[: ratio]] = True
    return chosen
