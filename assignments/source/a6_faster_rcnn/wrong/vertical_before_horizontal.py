"""The codes are written down in the order y, x, y, x."""

import numpy as np

LOSES = {"q8": ("encode",)}


def encode_box_sides(anchors, boxes):
    side, middle = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    return np.concatenate([(middle - boxes[:, :2]) / side, (boxes[:, 2:] - middle) / side], axis=1)[:, [1, 0, 3, 2]]


def encode_box_corners(anchors, boxes):
    side = anchors[:, 2:] - anchors[:, :2]
    return ((boxes - anchors) / np.tile(side, 2))[:, [1, 0, 3, 2]]


def encode_box_roots(anchors, boxes):
    side_a, side = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    shift = (boxes[:, :2] + boxes[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2
    return np.concatenate([shift / np.sqrt(side_a.prod(axis=1, keepdims=True)), np.sqrt(side / side_a) - 1], axis=1)[
        :, [1, 0, 3, 2]
    ]


VARIANTS_OF = {
    "q8": {
        "sides": {"encode_box": encode_box_sides},
        "corners": {"encode_box": encode_box_corners},
        "roots": {"encode_box": encode_box_roots},
    },
}
