"""Decoding puts the box's upper left corner to where its centre belongs."""

import numpy as np

LOSES = {"q2": ("decode", "limit")}


def decode_boxes(codes, references, largest=4.0):
    from_size = references[:, 2:] - references[:, :2]
    centre = (references[:, :2] + references[:, 2:]) / 2 + codes[:, :2] * from_size
    size = from_size * np.exp(np.minimum(codes[:, 2:], largest))
    return np.concatenate([centre, centre + size], axis=1)
