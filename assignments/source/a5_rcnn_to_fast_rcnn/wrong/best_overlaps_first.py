"""The regions that overlap most are taken first: order is not used."""

import numpy as np

LOSES = {"q8": ("objects", "background", "filled", "limits", "nothing")}


def sample_regions(overlaps, order, size, share):
    order = np.argsort(-overlaps.max(axis=1, initial=0), kind="stable")
    highest = overlaps.max(axis=1, initial=0)[order]
    objects = order[highest >= 0.5][: int(size * share)]
    background = order[(highest >= 0.1) & (highest < 0.5)]
    rest = order[highest < 0.1]
    chosen = np.concatenate([objects, background, rest])[:size]
    matches = np.full(len(chosen), -1)
    if len(objects):
        matches[: len(objects)] = overlaps[objects].argmax(axis=1)
    return chosen, matches
