"""First the first shape of all cells, then the second one; a cell's boxes should stand side by side."""

import numpy as np

LOSES = {"q4": ("places", "maps")}


def place_boxes(maps, shapes, size):
    boxes = []
    for (rows, columns), pairs in zip(maps, shapes, strict=True):
        for w, h in pairs:
            for row, column in np.ndindex(rows, columns):
                x, y = (column + 0.5) * size[1] / columns, (row + 0.5) * size[0] / rows
                boxes.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return np.array(boxes)
