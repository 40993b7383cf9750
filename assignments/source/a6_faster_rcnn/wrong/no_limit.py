"""The deltas are not cut: the exponential of 1000 is infinite."""

import numpy as np

LOSES = {"q4": ("limit",)}


def decode(anchors, deltas, limit):
    size_a, middle_a = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    middle = middle_a + deltas[:, :2] * size_a
    with np.errstate(over="ignore"):
        half = size_a * np.exp(deltas[:, 2:]) / 2
    return np.concatenate([middle - half, middle + half], axis=1)
