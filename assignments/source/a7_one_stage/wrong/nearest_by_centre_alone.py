"""Of equal IoUs the nearest centre decides; widths and heights are forgotten."""

import numpy as np

LOSES = {"q2": ("ties",)}


def responsible(ious, boxes, box):
    off = (((boxes[:, :2] + boxes[:, 2:]) - (box[:2] + box[2:])) ** 2).sum(1)
    flat = boxes[:, 3] - boxes[:, 1] < box[3] - box[1]  # among equals, prefers what is not cut
    return int(np.lexsort((flat * 0 - np.arange(len(boxes)), off, -ious))[0])
