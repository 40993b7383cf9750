"""One word of the rule is overread: a distance without its root, a natural logarithm, a side over itself."""

import numpy as np

LOSES = {"q8": ("codes",)}


def of(code):
    def grid_codes(boxes, owner, size):
        codes = np.zeros((*owner.shape, 4))
        for row, column in np.argwhere(owner >= 0):
            box = boxes[owner[row, column]] * len(owner) / np.array([size[1], size[0]] * 2)
            codes[row, column] = code(*(box - np.array([column, row] * 2)))
        return codes

    return {"grid_codes": grid_codes}


def sides(x1, y1, x2, y2):
    return 0.5 - x1, 0.5 - y1, x2 - 0.5, y2 - 0.5


def cross(x1, y1, x2, y2):
    return (x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2, np.log(x2 - x1), np.log(y2 - y1)


def corner(x1, y1, x2, y2):
    return x1, y1, 1 / (x2 - x1 + 1), 1 / (y2 - y1 + 1)


VARIANTS_OF = {"q8": {"sides": of(sides), "cross": of(cross), "corner": of(corner)}}
