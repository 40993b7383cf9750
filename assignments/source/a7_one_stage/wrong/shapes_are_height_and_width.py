"""A shape is taken for (height, width), as a size is."""

import numpy as np

LOSES = {"q4": ("places", "maps")}


def place_boxes(maps, shapes, size):
    boxes = []
    for (rows, columns), pairs in zip(maps, shapes, strict=True):
        for row, column in np.ndindex(rows, columns):
            x, y = (column + 0.5) * size[1] / columns, (row + 0.5) * size[0] / rows
            boxes += [(x - h / 2, y - w / 2, x + h / 2, y + w / 2) for w, h in pairs]
    return np.array(boxes)
