"""The gradient goes to all samples, not to the largest; u is cut before the cubic weights; the angle is negative."""

import numpy as np

LOSES = lambda variants: {
    "q7": {
        "largest": ("gradient", "overlap"),
        "cubic": ("borders", "gradient"),
        "rotated": ("values", "borders", "gradient", "overlap"),
    }[variants["q7"]]
}


def between(places, length):
    u = np.clip(places - 0.5, 0, length - 1)
    return np.maximum(0, 1 - np.abs(u[:, None] - np.arange(length)))


def both_axes(x, region, bins, samples):
    x1, y1, x2, y2 = region
    steps = (np.arange(bins * samples) + 0.5) / (bins * samples)
    return between(y1 + (y2 - y1) * steps, x.shape[1]), between(x1 + (x2 - x1) * steps, x.shape[2])


def read_all(x, region, bins, samples):
    down, across = both_axes(x, region, bins, samples)
    read = (down @ x @ across.T).reshape(len(x), bins, samples, bins, samples)
    return read.transpose(0, 1, 3, 2, 4).reshape(len(x), bins, bins, -1), down, across


def largest(x, regions, bins, samples):
    out = np.zeros((len(regions), len(x), bins, bins))
    for r, region in enumerate(regions):
        out[r] = read_all(x, region, bins, samples)[0].max(axis=-1)
    return out


def largest_grad(grad, x, regions, bins, samples):
    out = np.zeros(x.shape)
    for g, region in zip(grad, regions):
        down, across = both_axes(x, region, bins, samples)
        out += down.T @ (g.repeat(samples, 1).repeat(samples, 2) / samples**2) @ across
    return out


def cubic_weights(low, high, bins, samples, length):
    u = low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples) - 0.5
    u = np.clip(u, 0, length - 1)
    c = np.floor(u).astype(int)
    t = u - c
    four = (-t * (1 - t) ** 2 / 2, 1 - 2.5 * t**2 + 1.5 * t**3, t / 2 + 2 * t**2 - 1.5 * t**3, -t * t * (1 - t) / 2)
    table = np.zeros((len(u), length))
    for number, weight in enumerate(four):
        np.add.at(table, (np.arange(len(u)), np.clip(c - 1 + number, 0, length - 1)), weight)
    return table.reshape(bins, samples, length).mean(axis=1)


def cubic(x, regions, bins, samples):
    out = np.zeros((len(regions), len(x), bins, bins))
    for r, (x1, y1, x2, y2) in enumerate(regions):
        out[r] = (
            cubic_weights(y1, y2, bins, samples, x.shape[1]) @ x @ cubic_weights(x1, x2, bins, samples, x.shape[2]).T
        )
    return out


def cubic_grad(grad, x, regions, bins, samples):
    out = np.zeros(x.shape)
    for g, (x1, y1, x2, y2) in zip(grad, regions):
        out += cubic_weights(y1, y2, bins, samples, x.shape[1]).T @ g @ cubic_weights(x1, x2, bins, samples, x.shape[2])
    return out


def corners(region, bins, samples, height, width):
    cx, cy, w, h, angle = *region[:4], -region[4]
    steps = (np.arange(bins * samples) + 0.5) / (bins * samples) - 0.5
    a, b = w * steps, h * steps[:, None]
    u = np.clip(cx + a * np.cos(angle) - b * np.sin(angle) - 0.5, 0, width - 1)
    v = np.clip(cy + a * np.sin(angle) + b * np.cos(angle) - 0.5, 0, height - 1)
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    s, t = u - left, v - top
    for row, down in ((top, 1 - t), (np.minimum(top + 1, height - 1), t)):
        for column, across in ((left, 1 - s), (np.minimum(left + 1, width - 1), s)):
            yield down * across, row, column


def rotated(x, regions, bins, samples):
    out = np.zeros((len(regions), len(x), bins, bins))
    for r, region in enumerate(regions):
        for weight, rows, columns in corners(region, bins, samples, *x.shape[1:]):
            out[r] += (weight * x[:, rows, columns]).reshape(len(x), bins, samples, bins, samples).mean(axis=(2, 4))
    return out


def rotated_grad(grad, x, regions, bins, samples):
    out = np.zeros(x.shape)
    for g, region in zip(grad, regions):
        each = g.repeat(samples, 1).repeat(samples, 2) / samples**2
        for weight, rows, columns in corners(region, bins, samples, *x.shape[1:]):
            np.add.at(out, (slice(None), rows, columns), weight * each)
    return out


VARIANTS_OF = {
    "q7": {
        "largest": {"other_align": largest, "other_align_grad": largest_grad},
        "cubic": {"other_align": cubic, "other_align_grad": cubic_grad},
        "rotated": {"other_align": rotated, "other_align_grad": rotated_grad},
    }
}
