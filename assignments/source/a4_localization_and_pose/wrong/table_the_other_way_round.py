"""The table has a row for each box of the second array, and a column for each of the first."""

import numpy as np

LOSES = {"q1": ("apart", "table", "none")}


def box_iou(boxes_a, boxes_b):
    begin = np.maximum(boxes_b[:, None, :2], boxes_a[None, :, :2])
    end = np.minimum(boxes_b[:, None, 2:], boxes_a[None, :, 2:])
    common = np.prod(np.maximum(end - begin, 0), axis=2)
    area_a, area_b = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (boxes_a, boxes_b))
    union = area_b[:, None] + area_a[None] - common
    return common / np.where(union > 0, union, 1)
