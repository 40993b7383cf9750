"""Pixels outside of the image count the other way round than the text says, or the rectangle grows beyond the image."""

import numpy as np

LOSES = {"q9": ("borders",)}


def pairwise(overlap):
    return lambda found, true, d: np.array([[overlap(a, b, d) for b in true] for a in found])


def ratio(a, b):
    return (a & b).sum() / max((a | b).sum(), 1)


def everywhere(mask, d, beyond):
    """Return where all pixels of the square belong to the mask; ``beyond``: whether those outside of the image do."""
    framed = np.pad(mask, d, constant_values=beyond)
    inside = np.ones(mask.shape, bool)
    for i in range(2 * d + 1):
        for j in range(2 * d + 1):
            inside &= framed[i : i + mask.shape[0], j : j + mask.shape[1]]
    return inside


def boundary(a, b, d):
    return min(ratio(a, b), ratio(a & ~everywhere(a, d, True), b & ~everywhere(b, d, True)))


def trimap(a, b, d):
    certain = everywhere(b, d, False) | everywhere(~b, d, False)
    return ratio(a & certain, b & certain)


def hull(a, b, d):
    either = np.argwhere(a | b)
    if not len(either):
        return 0.0
    low, high = either.min(0) - d, either.max(0) + d + 1
    area = np.prod(high - low)
    return ratio(a, b) - (area - len(either)) / area


VARIANTS_OF = {"q9": {"boundary": pairwise(boundary), "trimap": pairwise(trimap), "hull": pairwise(hull)}}
