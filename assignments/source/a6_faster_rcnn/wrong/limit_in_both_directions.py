"""dw and dh are cut at -limit, too: a box cannot become small."""

import numpy as np

LOSES = {"q4": ("limit",)}


def decode(anchors, deltas, limit):
    size_a, middle_a = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    middle = middle_a + deltas[:, :2] * size_a
    half = size_a * np.exp(np.clip(deltas[:, 2:], -limit, limit)) / 2
    return np.concatenate([middle - half, middle + half], axis=1)
