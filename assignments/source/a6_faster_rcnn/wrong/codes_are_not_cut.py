"""The codes are used as the network says them, however large."""

import numpy as np

LOSES = {"q8": ("limits",)}


def decode_box_sides(anchors, codes):
    side, middle = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    low, high = middle - codes[:, :2] * side, middle + codes[:, 2:] * side
    mean = (low + high) / 2
    return np.concatenate([np.minimum(low, mean), np.maximum(high, mean)], axis=1)


def decode_box_corners(anchors, codes):
    side = anchors[:, 2:] - anchors[:, :2]
    boxes = anchors + codes * np.tile(side, 2)
    return np.sort(boxes.reshape(-1, 2, 2), axis=1).reshape(-1, 4)


def decode_box_roots(anchors, codes):
    side_a = anchors[:, 2:] - anchors[:, :2]
    middle = (anchors[:, :2] + anchors[:, 2:]) / 2 + codes[:, :2] * np.sqrt(side_a.prod(axis=1, keepdims=True))
    half = side_a * (1 + codes[:, 2:]) ** 2 / 2
    return np.concatenate([middle - half, middle + half], axis=1)


VARIANTS_OF = {
    "q8": {
        "sides": {"decode_box": decode_box_sides},
        "corners": {"decode_box": decode_box_corners},
        "roots": {"decode_box": decode_box_roots},
    },
}
