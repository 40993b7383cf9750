"""The nearest pixel is copied: no interpolation."""

import numpy as np

LOSES = {"q3": ("size", "context", "outside", "one pixel")}


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
    return image[:, min(int(y), image.shape[1] - 1), min(int(x), image.shape[2] - 1)]
