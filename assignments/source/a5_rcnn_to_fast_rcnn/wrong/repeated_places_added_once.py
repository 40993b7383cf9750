"""out[places] += grad, region by region: NumPy adds only once where a place comes twice in a region."""

import numpy as np

LOSES = {"q6": ("gradient",)}


def roi_pool_grad(grad, places, rois, shape):
    out = np.zeros((shape[0], shape[1], shape[2] * shape[3]))
    for r, c in np.ndindex(*grad.shape[:2]):
        there = places[r, c] >= 0
        out[int(rois[r, 0]), c, places[r, c][there]] += grad[r, c][there]
    return out.reshape(shape)
