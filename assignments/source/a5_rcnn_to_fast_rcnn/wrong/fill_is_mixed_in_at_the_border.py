"""In the half pixel at the border, the outermost pixel is interpolated with fill."""

import numpy as np

LOSES = {"q3": ("outside",)}


def warp(image, boxes, size, context, fill):
    channels, height, width = image.shape
    kept = np.flatnonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
    crops = np.zeros((len(kept), channels, size, size))
    for crop, (x1, y1, x2, y2) in zip(crops, boxes[kept], strict=True):
        across, down = places(x1, x2, size, context), places(y1, y2, size, context)
        for row, y in enumerate(down):
            for column, x in enumerate(across):
                crop[:, row, column] = read(image, x, y, fill) if 0 <= x <= width and 0 <= y <= height else fill
    return crops, kept


def places(start, end, size, context):
    unit = (end - start) / (size - 2 * context)
    return start + (np.arange(size) + 0.5 - context) * unit


def read(image, x, y, fill):
    framed = np.empty((len(image), image.shape[1] + 2, image.shape[2] + 2))
    framed[:] = fill[:, None, None]
    framed[:, 1:-1, 1:-1] = image
    x, y = x + 0.5, y + 0.5
    j, i = min(int(x), image.shape[2]), min(int(y), image.shape[1])
    upper = framed[:, i, j] * (1 - x + j) + framed[:, i, j + 1] * (x - j)
    lower = framed[:, i + 1, j] * (1 - x + j) + framed[:, i + 1, j + 1] * (x - j)
    return upper * (1 - y + i) + lower * (y - i)
