"""Both sides are counted in cell widths: a cell is taken for a square."""

import numpy as np

LOSES = {"q8": ("codes", "decode")}


def sides(x1, y1, x2, y2, wide, high):
    return np.sqrt([0.5 - x1 / wide, 0.5 * high / wide - y1 / wide, x2 / wide - 0.5, y2 / wide - 0.5 * high / wide])


def sides_back(a, b, c, d, wide, high):
    return 0.5 * wide - a * a * wide, 0.5 * high - b * b * wide, 0.5 * wide + c * c * wide, 0.5 * high + d * d * wide


def cross(x1, y1, x2, y2, wide, high):
    place = ((x1 + x2) / 2 - wide / 2) / wide, ((y1 + y2) / 2 - high / 2) / wide
    return *place, *np.log2([(x2 - x1) / wide, (y2 - y1) / wide])


def cross_back(a, b, c, d, wide, high):
    x, y, w, h = wide / 2 + a * wide, high / 2 + b * wide, 2**c * wide, 2**d * wide
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def corner(x1, y1, x2, y2, wide, high):
    return x1 / wide, y1 / wide, (x2 - x1) / (x2 - x1 + wide), (y2 - y1) / (y2 - y1 + wide)


def corner_back(a, b, c, d, wide, high):
    return a * wide, b * wide, a * wide + wide * c / (1 - c), b * wide + wide * d / (1 - d)


def pair(code, back):
    def grid_codes(boxes, owner, size):
        high, wide = size[0] / len(owner), size[1] / len(owner)
        codes = np.zeros((*owner.shape, 4))
        for row, column in np.argwhere(owner >= 0):
            x1, y1, x2, y2 = boxes[owner[row, column]] - np.array([column * wide, row * high] * 2)
            codes[row, column] = code(x1, y1, x2, y2, wide, high)
        return codes

    def grid_boxes(codes, size):
        high, wide = size[0] / len(codes), size[1] / len(codes)
        boxes = np.zeros(codes.shape)
        for row, column in np.ndindex(*codes.shape[:2]):
            boxes[row, column] = np.array(back(*codes[row, column], wide, high)) + [column * wide, row * high] * 2
        return boxes

    return {"grid_codes": grid_codes, "grid_boxes": grid_boxes}


VARIANTS_OF = {"q8": {"sides": pair(sides, sides_back), "cross": pair(cross, cross_back),
                      "corner": pair(corner, corner_back)}}  # fmt: skip
