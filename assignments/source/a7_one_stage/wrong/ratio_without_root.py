"""A box of ratio a is a times as wide: its area is no longer that of the square."""

import numpy as np

LOSES = {"q4": ("shapes",)}


def cell_shapes(scale, following, ratios):
    pairs = [(scale, scale), ((scale * following) ** 0.5,) * 2]
    for a in ratios:
        pairs += [(scale * a, scale), (scale, scale * a)]
    return np.array(pairs)
