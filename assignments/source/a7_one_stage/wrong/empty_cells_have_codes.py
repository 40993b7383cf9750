"""owner is used as an index: cells without an object, -1, have the codes of the last one."""

import numpy as np

LOSES = {"q8": ("codes",)}


def of(code):
    def grid_codes(boxes, owner, size):
        grid = len(owner)
        row, column = np.mgrid[:grid, :grid]
        here = boxes[owner] * grid / np.array([size[1], size[0]] * 2) - np.stack([column, row, column, row], -1)
        return np.stack(code(*np.moveaxis(here, -1, 0)), -1)

    return {"grid_codes": grid_codes}


def sides(x1, y1, x2, y2):
    return [np.sqrt(np.maximum(v, 0)) for v in (0.5 - x1, 0.5 - y1, x2 - 0.5, y2 - 0.5)]


def cross(x1, y1, x2, y2):
    return (x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2, np.log2(x2 - x1), np.log2(y2 - y1)


def corner(x1, y1, x2, y2):
    return x1, y1, (x2 - x1) / (x2 - x1 + 1), (y2 - y1) / (y2 - y1 + 1)


VARIANTS_OF = {"q8": {"sides": of(sides), "cross": of(cross), "corner": of(corner)}}
