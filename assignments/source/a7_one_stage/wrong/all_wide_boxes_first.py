"""First all wide boxes, then all tall ones; each ratio should have its two side by side."""

import numpy as np

LOSES = {"q4": ("shapes",)}


def cell_shapes(scale, following, ratios):
    roots = [a**0.5 for a in ratios]
    pairs = [(scale, scale), ((scale * following) ** 0.5,) * 2]
    pairs += [(scale * r, scale / r) for r in roots] + [(scale / r, scale * r) for r in roots]
    return np.array(pairs)
