"""A box or a reference without area gets the code that comes out, infinite or NaN, and is called valid."""

import numpy as np

LOSES = {"q2": ("zero area",)}


def encode_boxes(boxes, references):
    centre, from_centre = (boxes[:, :2] + boxes[:, 2:]) / 2, (references[:, :2] + references[:, 2:]) / 2
    size, from_size = boxes[:, 2:] - boxes[:, :2], references[:, 2:] - references[:, :2]
    with np.errstate(all="ignore"):
        codes = np.concatenate([(centre - from_centre) / from_size, np.log(size / from_size)], axis=1)
    return codes, np.ones(len(boxes), bool)
