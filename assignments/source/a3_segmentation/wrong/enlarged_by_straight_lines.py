"""Bilinear interpolation, with the right positions and borders: the rule of the course in place of the term's."""

import numpy as np

LOSES = {"q7": ("inside", "borders", "factor")}


def enlarge_map(x, factor):
    for axis in (1, 2):
        count = x.shape[axis]
        p = (np.arange(count * factor) + 0.5) / factor - 0.5
        cells = np.arange(-1, count + 1)
        mirrored = np.where(cells < 0, 1, np.where(cells >= count, count - 2, cells))
        matrix = np.zeros((len(p), count))
        for cell, source in zip(cells, mirrored, strict=True):
            matrix[:, source] += np.maximum(0, 1 - np.abs(p - cell))
        x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x
