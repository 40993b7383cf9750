"""Background gets the number of the object that it overlaps most, too."""

import numpy as np

LOSES = {"q8": ("objects", "background", "filled", "limits")}


def sample_regions(overlaps, order, size, share):
    highest = overlaps.max(axis=1, initial=0)[order]
    objects = order[highest >= 0.5][: int(size * share)]
    background = order[(highest >= 0.1) & (highest < 0.5)]
    rest = order[highest < 0.1]
    chosen = np.concatenate([objects, background, rest])[:size]
    matches = overlaps[chosen].argmax(axis=1) if overlaps.size else np.full(len(chosen), -1)
    return chosen, matches
