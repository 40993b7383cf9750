"""The shift is divided by the sides of the box, not by those of the anchor."""

import numpy as np

LOSES = {"q4": ("encode",)}


def encode(anchors, boxes):
    size_a, size = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    middle_a, middle = (anchors[:, :2] + anchors[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([(middle - middle_a) / size, np.log(size / size_a)], axis=1)
