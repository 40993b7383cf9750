"""The four numbers are (dy, dx, dh, dw), rows before columns."""

import numpy as np

LOSES = {"q4": ("encode", "decode", "limit")}


def encode(anchors, boxes):
    size_a, size = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    middle_a, middle = (anchors[:, :2] + anchors[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([(middle - middle_a) / size_a, np.log(size / size_a)], axis=1)[:, [1, 0, 3, 2]]


def decode(anchors, deltas, limit):
    size_a, middle_a = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    deltas = deltas[:, [1, 0, 3, 2]]
    middle = middle_a + deltas[:, :2] * size_a
    half = size_a * np.exp(np.minimum(deltas[:, 2:], limit)) / 2
    return np.concatenate([middle - half, middle + half], axis=1)
