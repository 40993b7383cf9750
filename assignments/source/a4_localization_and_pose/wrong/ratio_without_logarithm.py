"""The sizes come as ratios: the logarithm is forgotten, on the way there and on the way back."""

import numpy as np

LOSES = {"q2": ("encode", "decode", "zero area", "limit")}


def encode_boxes(boxes, references):
    centre, from_centre = (boxes[:, :2] + boxes[:, 2:]) / 2, (references[:, :2] + references[:, 2:]) / 2
    size, from_size = boxes[:, 2:] - boxes[:, :2], references[:, 2:] - references[:, :2]
    valid = (size > 0).all(axis=1) & (from_size > 0).all(axis=1)
    codes = np.zeros((len(boxes), 4))
    codes[valid, :2] = (centre - from_centre)[valid] / from_size[valid]
    codes[valid, 2:] = size[valid] / from_size[valid]
    return codes, valid


def decode_boxes(codes, references, largest=4.0):
    from_size = references[:, 2:] - references[:, :2]
    centre = (references[:, :2] + references[:, 2:]) / 2 + codes[:, :2] * from_size
    size = from_size * np.minimum(codes[:, 2:], largest)
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1)
