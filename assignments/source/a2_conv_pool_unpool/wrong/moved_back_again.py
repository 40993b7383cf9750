"""The gradient is fetched from where the inverse of the rule leads, as if backward meant to undo the move."""

import numpy as np


def LOSES(variants):
    return {} if variants["q7"] == "opposite" else {"q7": ("backward",)}  # half a turn is its own inverse


UNDO = {
    "opposite": lambda a, b, size: (size - 1 - a, size - 1 - b),
    "turn": lambda a, b, size: (size - 1 - b, a),
    "next": lambda a, b, size: divmod((a * size + b - 1) % size**2, size),
}


def answers(undo):
    def unpool_moved_backward(dout, indices, size):
        dy = np.zeros(indices.shape)
        for n, c, h, w in np.ndindex(*indices.shape):
            row, column = divmod(int(indices[n, c, h, w]), dout.shape[3])
            a, b = undo(row % size, column % size, size)
            dy[n, c, h, w] = dout[n, c, row - row % size + a, column - column % size + b]
        return dy

    return {"unpool_moved_backward": unpool_moved_backward}


VARIANTS_OF = {"q7": {name: answers(undo) for name, undo in UNDO.items()}}
