"""The upper left corner is moved and encoded, not the centre."""

import numpy as np

LOSES = {"q4": ("encode", "decode", "limit")}


def encode(anchors, boxes):
    size_a, size = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    middle_a, middle = anchors[:, :2], boxes[:, :2]
    return np.concatenate([(middle - middle_a) / size_a, np.log(size / size_a)], axis=1)


def decode(anchors, deltas, limit):
    size_a, middle_a = anchors[:, 2:] - anchors[:, :2], anchors[:, :2]
    middle = middle_a + deltas[:, :2] * size_a
    side = size_a * np.exp(np.minimum(deltas[:, 2:], limit))
    return np.concatenate([middle, middle + side], axis=1)
