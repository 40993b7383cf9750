"""At the border, the missing neighbour counts as 0: the place is moved inward."""

import numpy as np

LOSES = {"q9": ("border",)}


def decode_heatmaps(maps, cell):
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), plane.shape[1])
        framed = np.pad(plane, 1)
        x = 0.25 * np.sign(framed[r + 1, c + 2] - framed[r + 1, c])
        y = 0.25 * np.sign(framed[r + 2, c + 1] - framed[r, c + 1])
        out[k] = c + 0.5 + x, r + 0.5 + y
    return out * cell
