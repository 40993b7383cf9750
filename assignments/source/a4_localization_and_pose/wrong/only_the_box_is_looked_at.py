"""Whether a box has area is asked, whether its reference has is not."""

import numpy as np

LOSES = {"q2": ("zero area",)}


def encode_boxes(boxes, references):
    centre, from_centre = (boxes[:, :2] + boxes[:, 2:]) / 2, (references[:, :2] + references[:, 2:]) / 2
    size, from_size = boxes[:, 2:] - boxes[:, :2], references[:, 2:] - references[:, :2]
    valid = (size > 0).all(axis=1)
    codes = np.zeros((len(boxes), 4))
    with np.errstate(all="ignore"):
        codes[valid, :2] = (centre - from_centre)[valid] / from_size[valid]
        codes[valid, 2:] = np.log(size[valid] / from_size[valid])
    return codes, valid
