"""x becomes W - 1 - x, which is right for numbers of pixels, and wrong for places."""

import numpy as np

LOSES = {"q11": ("boxes", "joints", "invisible")}


def flip_boxes(boxes, width):
    return np.stack([width - 1 - boxes[:, 2], boxes[:, 1], width - 1 - boxes[:, 0], boxes[:, 3]], axis=1)


def flip_joints(joints, width, pairs):
    out = joints.copy()
    out[:, 0] = np.where(joints[:, 2] > 0, width - 1 - joints[:, 0], joints[:, 0])
    for one, other in pairs:
        out[[one, other]] = out[[other, one]]
    return out
