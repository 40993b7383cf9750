"""Decoding has no limit: the exponential of a wild code is infinite."""

import numpy as np

LOSES = {"q2": ("limit",)}


def decode_boxes(codes, references, largest=4.0):
    from_size = references[:, 2:] - references[:, :2]
    centre = (references[:, :2] + references[:, 2:]) / 2 + codes[:, :2] * from_size
    with np.errstate(over="ignore", invalid="ignore"):
        size = from_size * np.exp(codes[:, 2:])
        return np.concatenate([centre - size / 2, centre + size / 2], axis=1)
