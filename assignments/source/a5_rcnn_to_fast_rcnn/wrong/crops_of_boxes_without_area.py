"""Only boxes that are a single point are dropped: a width of 0 with a height is warped."""

import numpy as np

LOSES = {"q3": ("dropped",)}


def warp(image, boxes, size, context, fill):
    channels, height, width = image.shape
    kept = np.flatnonzero((boxes[:, 2] > boxes[:, 0]) | (boxes[:, 3] > boxes[:, 1]))
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
    x, y = np.clip(x - 0.5, 0, image.shape[2] - 1), np.clip(y - 0.5, 0, image.shape[1] - 1)
    j, i = int(x), int(y)
    right, below = min(j + 1, image.shape[2] - 1), min(i + 1, image.shape[1] - 1)
    upper = image[:, i, j] * (1 - x + j) + image[:, i, right] * (x - j)
    lower = image[:, below, j] * (1 - x + j) + image[:, below, right] * (x - j)
    return upper * (1 - y + i) + lower * (y - i)
