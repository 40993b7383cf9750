"""The boxes have their centres in the upper left corner of the cell, not in its middle."""

import numpy as np

LOSES = {"q4": ("places", "maps")}


def place_boxes(maps, shapes, size):
    boxes = []
    for (rows, columns), pairs in zip(maps, shapes, strict=True):
        for row, column in np.ndindex(rows, columns):
            x, y = column * size[1] / columns, row * size[0] / rows
            boxes += [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for w, h in pairs]
    return np.array(boxes)
