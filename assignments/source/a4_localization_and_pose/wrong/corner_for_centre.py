"""The code has the distance of the upper left corners in place of that of the centres."""

import numpy as np

LOSES = {"q2": ("encode", "zero area")}


def encode_boxes(boxes, references):
    size, from_size = boxes[:, 2:] - boxes[:, :2], references[:, 2:] - references[:, :2]
    valid = (size > 0).all(axis=1) & (from_size > 0).all(axis=1)
    codes = np.zeros((len(boxes), 4))
    codes[valid, :2] = (boxes[:, :2] - references[:, :2])[valid] / from_size[valid]
    codes[valid, 2:] = np.log(size[valid] / from_size[valid])
    return codes, valid
