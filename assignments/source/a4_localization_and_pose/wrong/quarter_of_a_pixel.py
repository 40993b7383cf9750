"""The shift is a quarter of a pixel, not of a cell: it is added after the place was brought to pixels."""

import numpy as np

LOSES = {"q9": ("shift", "border")}


def decode_heatmaps(maps, cell):
    h, w = maps.shape[1:]
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), w)
        x = 0.25 * np.sign(plane[r, c + 1] - plane[r, c - 1]) if 0 < c < w - 1 else 0
        y = 0.25 * np.sign(plane[r + 1, c] - plane[r - 1, c]) if 0 < r < h - 1 else 0
        out[k] = (c + 0.5) * cell + x, (r + 0.5) * cell + y
    return out
