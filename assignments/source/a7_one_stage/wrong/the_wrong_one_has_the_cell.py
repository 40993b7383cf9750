"""Where several want a cell, the one that comes last in the list gets it, whatever the rule says."""

import numpy as np

LOSES = {"q8": ("contested",)}


def sides(box, x, y, wide, high, grid):
    return box[0] < x < box[2] and box[1] < y < box[3]


def near(value, grid):
    return min(max(int(np.floor(value)), 0), grid - 1)


def cross(box, x, y, wide, high, grid):
    row, column = near((box[1] + box[3]) / 2 / high, grid), near((box[0] + box[2]) / 2 / wide, grid)
    return abs(row - near(y / high, grid)) + abs(column - near(x / wide, grid)) <= 1


def corner(box, x, y, wide, high, grid):
    return (near(y / high, grid), near(x / wide, grid)) == (near(box[1] / high, grid), near(box[0] / wide, grid))


def last(wants):
    def grid_owner(boxes, size, grid):
        owner = np.full((grid, grid), -1)
        high, wide = size[0] / grid, size[1] / grid
        for row, column in np.ndindex(grid, grid):
            for number, box in enumerate(boxes):
                x, y = (column + 0.5) * wide, (row + 0.5) * high
                if (box[2:] > box[:2]).all() and wants(box, x, y, wide, high, grid):
                    owner[row, column] = number
        return owner

    return grid_owner


VARIANTS_OF = {"q8": {name: {"grid_owner": last(rule)} for name, rule in
                      (("sides", sides), ("cross", cross), ("corner", corner))}}  # fmt: skip
