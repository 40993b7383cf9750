"""The quarter of a cell of question 9 in place of this term's rule."""

import numpy as np

LOSES = {"q10": ("values", "border", "special")}


def refine_places(maps, cell):
    h, w = maps.shape[1:]
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), w)
        x = 0.25 * np.sign(plane[r, c + 1] - plane[r, c - 1]) if 0 < c < w - 1 else 0
        y = 0.25 * np.sign(plane[r + 1, c] - plane[r - 1, c]) if 0 < r < h - 1 else 0
        out[k] = c + 0.5 + x, r + 0.5 + y
    return out * cell
