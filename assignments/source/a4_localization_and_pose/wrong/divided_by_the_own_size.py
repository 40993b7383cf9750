"""The distance of the centres is divided by the size of the box itself, in place of the reference's."""

import numpy as np

LOSES = {"q2": ("encode", "zero area")}


def encode_boxes(boxes, references):
    centre, from_centre = (boxes[:, :2] + boxes[:, 2:]) / 2, (references[:, :2] + references[:, 2:]) / 2
    size, from_size = boxes[:, 2:] - boxes[:, :2], references[:, 2:] - references[:, :2]
    valid = (size > 0).all(axis=1) & (from_size > 0).all(axis=1)
    codes = np.zeros((len(boxes), 4))
    codes[valid, :2] = (centre - from_centre)[valid] / size[valid]
    codes[valid, 2:] = np.log(size[valid] / from_size[valid])
    return codes, valid
