"""Where there is too little background, the sample stays small: nothing is taken from below 0.1."""

import numpy as np

LOSES = {"q8": ("filled", "limits", "nothing")}


def sample_regions(overlaps, order, size, share):
    highest = overlaps.max(axis=1, initial=0)[order]
    objects = order[highest >= 0.5][: int(size * share)]
    background = order[(highest >= 0.1) & (highest < 0.5)]
    rest = order[:0]
    chosen = np.concatenate([objects, background, rest])[:size]
    matches = np.full(len(chosen), -1)
    if len(objects):
        matches[: len(objects)] = overlaps[objects].argmax(axis=1)
    return chosen, matches
