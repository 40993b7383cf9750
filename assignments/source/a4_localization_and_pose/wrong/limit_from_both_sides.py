"""The limit of codes is taken from below as well: very small boxes become larger."""

import numpy as np

LOSES = {"q2": ("limit",)}


def decode_boxes(codes, references, largest=4.0):
    from_size = references[:, 2:] - references[:, :2]
    centre = (references[:, :2] + references[:, 2:]) / 2 + codes[:, :2] * from_size
    size = from_size * np.exp(np.clip(codes[:, 2:], -largest, largest))
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1)
