"""Where two boxes are apart in x and in y, two negative sides are multiplied, and there is an area."""

import numpy as np

LOSES = {"q1": ("apart",)}


def box_iou(boxes_a, boxes_b):
    begin = np.maximum(boxes_a[:, None, :2], boxes_b[None, :, :2])
    end = np.minimum(boxes_a[:, None, 2:], boxes_b[None, :, 2:])
    common = np.maximum(np.prod(end - begin, axis=2), 0)
    area_a, area_b = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (boxes_a, boxes_b))
    union = area_a[:, None] + area_b[None] - common
    return common / np.where(union > 0, union, 1)
