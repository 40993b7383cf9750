"""Every sample of a bin gets all of its gradient: the mean is forgotten on the way back."""

import numpy as np

LOSES = {"q2": ("overlap",)}


def weights(low, high, bins, samples, length):
    places = low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples)
    u = np.clip(places - 0.5, 0, length - 1)
    table = np.maximum(0, 1 - np.abs(u[:, None] - np.arange(length)))
    table[(places < -0.5) | (places > length + 0.5)] = 0
    return table.reshape(bins, samples, length).sum(axis=1)


def roi_align_grad(grad, rois, input_shape, scale, samples):
    out = np.zeros(input_shape)
    for g, (image, x1, y1, x2, y2) in zip(grad, rois):
        down = weights(y1 * scale, y2 * scale, g.shape[1], samples, input_shape[2])
        across = weights(x1 * scale, x2 * scale, g.shape[1], samples, input_shape[3])
        out[int(image)] += down.T @ g @ across
    return out
