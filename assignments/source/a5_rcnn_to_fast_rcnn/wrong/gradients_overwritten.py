"""The gradient is written to its cell, over what is there already: bins that share a cell do not add up."""

import numpy as np

LOSES = {"q6": ("gradient", "regions")}


def roi_pool_grad(grad, places, rois, shape):
    out = np.zeros((shape[0], shape[1], shape[2] * shape[3]))
    for (r, c, i, j), value in np.ndenumerate(grad):
        if places[r, c, i, j] >= 0:
            out[int(rois[r, 0]), c, places[r, c, i, j]] = value
    return out.reshape(shape)
