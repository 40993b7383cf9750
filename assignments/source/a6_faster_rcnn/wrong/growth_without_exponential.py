"""dw is taken for the share by which the anchor grows: 1 + dw in the place of its exponential."""

import numpy as np

LOSES = {"q4": ("decode", "limit")}


def decode(anchors, deltas, limit):
    size_a, middle_a = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    middle = middle_a + deltas[:, :2] * size_a
    half = size_a * (1 + np.minimum(deltas[:, 2:], limit)) / 2
    return np.concatenate([middle - half, middle + half], axis=1)
