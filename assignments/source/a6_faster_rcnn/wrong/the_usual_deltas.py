"""Centre and logarithms, as in question 4, in the place of the term's code."""

import numpy as np

LOSES = lambda variants: {
    "sides": {"q8": ("encode", "decode", "limits", "same, and none")},
    "corners": {"q8": ("encode", "decode", "limits")},
    "roots": {"q8": ("encode", "decode", "limits")},
}[variants["q8"]]


def encode_box(anchors, boxes):
    size_a, size = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    middle_a, middle = (anchors[:, :2] + anchors[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([(middle - middle_a) / size_a, np.log(size / size_a)], axis=1)


def decode_box(anchors, codes):
    size_a, middle_a = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    middle = middle_a + codes[:, :2] * size_a
    half = size_a * np.exp(np.minimum(codes[:, 2:], 4.135)) / 2
    return np.concatenate([middle - half, middle + half], axis=1)
