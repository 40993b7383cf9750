"""Nothing is done about sides that pass each other, or a side below 0."""

import numpy as np

LOSES = {"q8": ("limits",)}


def decode_box_sides(anchors, codes):
    side, middle = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    codes = np.minimum(codes, 8)
    low, high = middle - codes[:, :2] * side, middle + codes[:, 2:] * side
    return np.concatenate([low, high], axis=1)


def decode_box_corners(anchors, codes):
    side = anchors[:, 2:] - anchors[:, :2]
    boxes = anchors + np.clip(codes, -4, 4) * np.tile(side, 2)
    return boxes


def decode_box_roots(anchors, codes):
    side_a = anchors[:, 2:] - anchors[:, :2]
    middle = (anchors[:, :2] + anchors[:, 2:]) / 2 + codes[:, :2] * np.sqrt(side_a.prod(axis=1, keepdims=True))
    half = side_a * (1 + np.minimum(codes[:, 2:], 7)) ** 2 / 2
    return np.concatenate([middle - half, middle + half], axis=1)


VARIANTS_OF = {
    "q8": {
        "sides": {"decode_box": decode_box_sides},
        "corners": {"decode_box": decode_box_corners},
        "roots": {"decode_box": decode_box_roots},
    },
}
