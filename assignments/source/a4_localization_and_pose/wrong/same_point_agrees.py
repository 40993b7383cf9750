"""Two boxes without area at the same place are called equal, with an IoU of 1, as for two empty sets."""

import numpy as np

LOSES = {"q1": ("zero area",)}


def box_iou(boxes_a, boxes_b):
    begin = np.maximum(boxes_a[:, None, :2], boxes_b[None, :, :2])
    end = np.minimum(boxes_a[:, None, 2:], boxes_b[None, :, 2:])
    common = np.prod(np.maximum(end - begin, 0), axis=2)
    area_a, area_b = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (boxes_a, boxes_b))
    union = area_a[:, None] + area_b[None] - common
    same = (boxes_a[:, None] == boxes_b[None]).all(axis=2)
    return np.where(union > 0, common / np.where(union > 0, union, 1), same)
