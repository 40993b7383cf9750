"""Decoding forgets the half: the place of the highest cell is its upper left corner."""

import numpy as np

LOSES = {"q9": ("cell", "shift", "border", "ties")}


def decode_heatmaps(maps, cell):
    h, w = maps.shape[1:]
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), w)
        x = 0.25 * np.sign(plane[r, c + 1] - plane[r, c - 1]) if 0 < c < w - 1 else 0
        y = 0.25 * np.sign(plane[r + 1, c] - plane[r - 1, c]) if 0 < r < h - 1 else 0
        out[k] = c + x, r + y
    return out * cell
