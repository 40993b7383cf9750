"""All that overlaps by less than 0.5 is background: the easy rest is drawn with the others."""

import numpy as np

LOSES = {"q8": ("background", "filled", "limits")}


def sample_regions(overlaps, order, size, share):
    highest = overlaps.max(axis=1, initial=0)[order]
    objects = order[highest >= 0.5][: int(size * share)]
    background = order[highest < 0.5]
    rest = order[:0]
    chosen = np.concatenate([objects, background, rest])[:size]
    matches = np.full(len(chosen), -1)
    if len(objects):
        matches[: len(objects)] = overlaps[objects].argmax(axis=1)
    return chosen, matches
