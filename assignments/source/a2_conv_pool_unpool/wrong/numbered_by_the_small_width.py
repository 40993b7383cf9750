"""A position is turned into row and column with the width of all whole windows, not of the image."""

import numpy as np

LOSES = {"q7": ("odd",)}
MOVES = {
    "opposite": lambda a, b, size: (size - 1 - a, size - 1 - b),
    "turn": lambda a, b, size: (b, size - 1 - a),
    "next": lambda a, b, size: divmod((a * size + b + 1) % size**2, size),
}


def answers(move):
    def unpool_moved(y, indices, size, shape):
        out = np.zeros((*y.shape[:2], *shape))
        for n, c, h, w in np.ndindex(*y.shape):
            row, column = divmod(int(indices[n, c, h, w]), y.shape[3] * size)
            a, b = move(row % size, column % size, size)
            out[n, c, row - row % size + a, column - column % size + b] = y[n, c, h, w]
        return out

    return {"unpool_moved": unpool_moved}


VARIANTS_OF = {"q7": {name: answers(move) for name, move in MOVES.items()}}
