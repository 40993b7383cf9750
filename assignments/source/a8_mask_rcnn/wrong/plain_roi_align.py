"""RoIAlign itself: the mean of bilinear samples of a region that is not turned, in place of this term's rule."""

import numpy as np

LOSES = lambda variants: {
    "q7": ("values", "gradient", "overlap") + (("borders",) if variants["q7"] != "largest" else ())
}


def between(places, length):
    u = np.clip(places - 0.5, 0, length - 1)
    return np.maximum(0, 1 - np.abs(u[:, None] - np.arange(length)))


def both_axes(x, region, bins, samples):
    x1, y1, x2, y2 = region
    steps = (np.arange(bins * samples) + 0.5) / (bins * samples)
    return between(y1 + (y2 - y1) * steps, x.shape[1]), between(x1 + (x2 - x1) * steps, x.shape[2])


def unturned(regions):
    if regions.shape[1] == 4:
        return regions
    cx, cy, w, h, _ = regions.T
    return np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 1)


def other_align(x, regions, bins, samples):
    out = np.zeros((len(regions), len(x), bins, bins))
    for r, region in enumerate(unturned(regions)):
        down, across = both_axes(x, region, bins, samples)
        out[r] = (down @ x @ across.T).reshape(len(x), bins, samples, bins, samples).mean(axis=(2, 4))
    return out


def other_align_grad(grad, x, regions, bins, samples):
    out = np.zeros(x.shape)
    for g, region in zip(grad, unturned(regions)):
        down, across = both_axes(x, region, bins, samples)
        out += down.T @ (g.repeat(samples, 1).repeat(samples, 2) / samples**2) @ across
    return out
