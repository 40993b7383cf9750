"""The number of the image is ignored: all regions are read from the first one."""

import numpy as np

LOSES = {"q1": ("images",)}


def weights(low, high, bins, samples, length):
    places = low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples)
    u = np.clip(places - 0.5, 0, length - 1)
    table = np.maximum(0, 1 - np.abs(u[:, None] - np.arange(length)))
    table[(places < -0.5) | (places > length + 0.5)] = 0
    return table.reshape(bins, samples, length).mean(axis=1)


def roi_align(x, rois, bins, scale, samples):
    out = np.zeros((len(rois), x.shape[1], bins, bins))
    for r, (image, x1, y1, x2, y2) in enumerate(rois):
        down = weights(y1 * scale, y2 * scale, bins, samples, x.shape[2])
        across = weights(x1 * scale, x2 * scale, bins, samples, x.shape[3])
        out[r] = down @ x[0] @ across.T
    return out
