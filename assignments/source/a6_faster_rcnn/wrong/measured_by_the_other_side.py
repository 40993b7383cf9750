"""Widths are divided by the height of the anchor, and heights by its width."""

import numpy as np

LOSES = lambda variants: {"q8": ("encode", "same, and none") if variants["q8"] != "corners" else ("encode",)}


def encode_box_sides(anchors, boxes):
    side, middle = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    return np.concatenate([(middle - boxes[:, :2]) / side[:, ::-1], (boxes[:, 2:] - middle) / side[:, ::-1]], axis=1)


def encode_box_corners(anchors, boxes):
    side = anchors[:, 2:] - anchors[:, :2]
    return (boxes - anchors) / np.tile(side[:, ::-1], 2)


def encode_box_roots(anchors, boxes):
    side_a, side = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    shift = (boxes[:, :2] + boxes[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2
    return np.concatenate(
        [shift / np.sqrt(side_a.prod(axis=1, keepdims=True)), np.sqrt(side / side_a[:, ::-1]) - 1], axis=1
    )


VARIANTS_OF = {
    "q8": {
        "sides": {"encode_box": encode_box_sides},
        "corners": {"encode_box": encode_box_corners},
        "roots": {"encode_box": encode_box_roots},
    },
}
