"""The codes of question 2 in place of this term's."""

import numpy as np

LOSES = {"q3": ("encode", "decode", "limits", "none")}


def encode_special(boxes, references):
    size, from_size = boxes[:, 2:] - boxes[:, :2], references[:, 2:] - references[:, :2]
    away = (boxes[:, :2] + boxes[:, 2:] - references[:, :2] - references[:, 2:]) / 2
    return np.concatenate([away / from_size, np.log(size / from_size)], axis=1)


def decode_special(codes, references):
    from_size = references[:, 2:] - references[:, :2]
    centre = (references[:, :2] + references[:, 2:]) / 2 + codes[:, :2] * from_size
    size = from_size * np.exp(np.minimum(codes[:, 2:], 4))
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1)
