"""The number of the picture is not looked at: all regions are cut out of the first map."""

import numpy as np

LOSES = {"q6": ("pictures", "regions")}


def roi_pool(features, rois, bins, scale):
    channels, height, width = features.shape[1:]
    values, places = np.zeros((len(rois), channels, bins, bins)), np.full((len(rois), channels, bins, bins), -1)
    for r, roi in enumerate(rois):
        x1, y1, x2, y2 = np.floor(roi[1:] * scale + 0.5).astype(int)
        columns, rows = edges(x1, x2, bins), edges(y1, y2, bins)
        for i, j in np.ndindex(bins, bins):
            cells = [(y, x) for y in range(*rows[i]) for x in range(*columns[j]) if 0 <= y < height and 0 <= x < width]
            for c in range(channels):
                plane = features[0, c]
                for y, x in cells:
                    if places[r, c, i, j] < 0 or plane[y, x] > values[r, c, i, j]:
                        values[r, c, i, j], places[r, c, i, j] = plane[y, x], y * width + x
    return values, places


def edges(first, last, bins):
    count = last - first + 1
    return [(first + i * count // bins, first - (-(i + 1) * count // bins)) for i in range(bins)]


def roi_pool_grad(grad, places, rois, shape):
    out = np.zeros((shape[0], shape[1], shape[2] * shape[3]))
    for (r, c, i, j), value in np.ndenumerate(grad):
        if places[r, c, i, j] >= 0:
            out[0, c, places[r, c, i, j]] += value
    return out.reshape(shape)
