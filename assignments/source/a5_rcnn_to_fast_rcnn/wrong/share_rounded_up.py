"""The number of objects is rounded up, where it should be rounded down."""

import numpy as np

LOSES = {"q8": ("objects", "filled")}


def sample_regions(overlaps, order, size, share):
    highest = overlaps.max(axis=1, initial=0)[order]
    objects = order[highest >= 0.5][: int(np.ceil(size * share))]
    background = order[(highest >= 0.1) & (highest < 0.5)]
    rest = order[highest < 0.1]
    chosen = np.concatenate([objects, background, rest])[:size]
    matches = np.full(len(chosen), -1)
    if len(objects):
        matches[: len(objects)] = overlaps[objects].argmax(axis=1)
    return chosen, matches
