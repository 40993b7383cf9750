"""For the weights, an ignored pixel is a neighbour of another class like any other label."""

import numpy as np

LOSES = {"q8": ("ignored weights",)}


def distance(labels, ignore_index=255):
    out = np.zeros(labels.shape)
    for n, row, column in np.argwhere(labels != ignore_index):
        other = np.argwhere(labels[n] != labels[n, row, column])
        steps = np.abs(other - (row, column)).sum(axis=1)
        out[n, row, column] = 1 + 2 / steps.min() if len(steps) else 1
    return out


def around(labels, n, row, column):
    return labels[n, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].ravel()


def neighbours(labels, ignore_index=255):
    out = np.zeros(labels.shape)
    for n, row, column in np.argwhere(labels != ignore_index):
        window = around(labels, n, row, column)
        out[n, row, column] = 1 + 4 * (window != labels[n, row, column]).sum() / max(len(window) - 1, 1)
    return out


def window(labels, ignore_index=255):
    out = np.zeros(labels.shape)
    for n, row, column in np.argwhere(labels != ignore_index):
        inside = around(labels, n, row, column)
        out[n, row, column] = len(inside) / (inside == labels[n, row, column]).sum()
    return out


VARIANTS_OF = {
    "q8": {
        "distance": {"pixel_weights": distance},
        "neighbours": {"pixel_weights": neighbours},
        "window": {"pixel_weights": window},
    }
}
