"""The shifts are cut as well."""

import numpy as np

LOSES = {"q4": ("limit",)}


def decode(anchors, deltas, limit):
    size_a, middle_a = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    deltas = np.minimum(deltas, limit)
    middle = middle_a + deltas[:, :2] * size_a
    half = size_a * np.exp(deltas[:, 2:]) / 2
    return np.concatenate([middle - half, middle + half], axis=1)
