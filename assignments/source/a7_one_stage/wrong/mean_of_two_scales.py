"""The second square has the mean of two scales as its side, not the root of their product."""

import numpy as np

LOSES = {"q4": ("shapes",)}


def cell_shapes(scale, following, ratios):
    between = (scale + following) / 2
    pairs = [(scale, scale), (between, between)]
    for a in ratios:
        pairs += [(scale * a**0.5, scale / a**0.5), (scale / a**0.5, scale * a**0.5)]
    return np.array(pairs)
