"""The sample is filled with more objects than allowed, before the rest is looked at."""

import numpy as np

LOSES = {"q8": ("filled",)}


def sample_regions(overlaps, order, size, share):
    highest = overlaps.max(axis=1, initial=0)[order]
    background, rest = order[(highest >= 0.1) & (highest < 0.5)], order[highest < 0.1]
    allowed = max(int(size * share), size - len(background))
    objects = order[highest >= 0.5][:allowed]
    chosen = np.concatenate([objects, background, rest])[:size]
    matches = np.full(len(chosen), -1)
    if len(objects):
        matches[: len(objects)] = overlaps[objects].argmax(axis=1)
    return chosen, matches
