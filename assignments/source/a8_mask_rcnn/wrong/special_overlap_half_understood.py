"""The IoU of the bands alone; what was found decides what is uncertain; the smallest rectangle is not made larger."""

import numpy as np

LOSES = lambda variants: {
    "q9": {
        "boundary": ("values",),
        "trimap": ("values", "width", "borders"),
        "hull": ("values", "width", "borders", "empty"),
    }[variants["q9"]]
}


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
    return ratio(a & ~everywhere(a, d, False), b & ~everywhere(b, d, False))


def trimap(a, b, d):
    certain = everywhere(a, d, True) | everywhere(~a, d, True)
    return ratio(a & certain, b & certain)


def hull(a, b, d):
    either = np.argwhere(a | b)
    if not len(either):
        return 0.0
    low, high = np.maximum(either.min(0), 0), np.minimum(either.max(0) + 1, a.shape)
    area = np.prod(high - low)
    return ratio(a, b) - (area - len(either)) / area


VARIANTS_OF = {"q9": {"boundary": pairwise(boundary), "trimap": pairwise(trimap), "hull": pairwise(hull)}}
