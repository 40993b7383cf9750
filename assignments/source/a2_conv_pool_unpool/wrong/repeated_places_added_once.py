"""``dx[places] += d`` adds every number, also where a place occurs twice (NumPy keeps only the last one)."""

import numpy as np

LOSES = {"q3": ("fold", "fold_wide"), "q4": ("shared",)}
MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def answers(mode):
    def pad_backward(dpadded, padding):
        height, width = dpadded.shape[2] - 2 * padding, dpadded.shape[3] - 2 * padding
        rows = np.pad(np.arange(height), padding, mode=MODES[mode])
        columns = np.pad(np.arange(width), padding, mode=MODES[mode])
        dx = np.zeros((*dpadded.shape[:2], height, width))
        dx[:, :, rows[:, None], columns] += dpadded
        return dx

    return {"pad_backward": pad_backward}


def maxpool_backward(dy, indices, x_shape):
    n, c = x_shape[:2]
    dx = np.zeros((n * c, x_shape[2] * x_shape[3]))
    dx[np.arange(n * c)[:, None], indices.reshape(n * c, -1)] += dy.reshape(n * c, -1)
    return dx.reshape(x_shape)


VARIANTS_OF = {"q3": {mode: answers(mode) for mode in MODES}}
