"""A share of at least one half becomes 1, all others 0."""

import numpy as np

LOSES = {"q3": ("whole", "shares", "matches", "outside")}


def shares(low, high, bins, length):
    step = (high - low) / bins
    begin = low + step * np.arange(bins)[:, None]
    pixel = np.arange(length)
    return np.maximum(0, np.minimum(begin + step, pixel + 1) - np.maximum(begin, pixel)) / step


def mask_targets(masks, boxes, matches, bins):
    targets = np.zeros((len(boxes), bins, bins))
    for r, (x1, y1, x2, y2) in enumerate(boxes):
        if x2 > x1 and y2 > y1:
            mask = masks[matches[r]]
            targets[r] = shares(y1, y2, bins, mask.shape[0]) @ mask @ shares(x1, x2, bins, mask.shape[1]).T
    return (targets >= 0.5) * 1.0
