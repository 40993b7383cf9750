"""The hardest background of all images together is chosen, not that of each image."""

import numpy as np

LOSES = {"q6": ("choice", "few", "ties")}


def hard_negatives(losses, labels, ratio=3):
    chosen = np.zeros(labels.shape, bool)
    background = np.flatnonzero(labels == 0)
    order = background[np.argsort(-losses.ravel()[background], kind="stable")]
    chosen.flat[order[: ratio * (labels > 0).sum()]] = True
    return chosen
