"""A box from 2 to 5 is taken for 4 pixels wide, x2 - x1 + 1: the edges are taken for numbers of pixels."""

import numpy as np

LOSES = {"q1": ("pairs", "apart", "table", "zero area", "none")}


def box_areas(boxes):
    return (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)


def box_iou(boxes_a, boxes_b):
    begin = np.maximum(boxes_a[:, None, :2], boxes_b[None, :, :2])
    end = np.minimum(boxes_a[:, None, 2:], boxes_b[None, :, 2:])
    common = np.prod(np.maximum(end - begin + 1, 0), axis=2)
    return common / (box_areas(boxes_a)[:, None] + box_areas(boxes_b)[None] - common)
