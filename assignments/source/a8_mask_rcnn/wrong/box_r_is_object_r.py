"""Box r is given object r, not the one that it was matched to."""

import numpy as np

LOSES = {"q3": ("matches",)}


def shares(low, high, bins, length):
    step = (high - low) / bins
    begin = low + step * np.arange(bins)[:, None]
    pixel = np.arange(length)
    return np.maximum(0, np.minimum(begin + step, pixel + 1) - np.maximum(begin, pixel)) / step


def mask_targets(masks, boxes, matches, bins):
    targets = np.zeros((len(boxes), bins, bins))
    for r, (x1, y1, x2, y2) in enumerate(boxes):
        if x2 > x1 and y2 > y1:
            mask = masks[min(r, len(masks) - 1)]
            targets[r] = shares(y1, y2, bins, mask.shape[0]) @ mask @ shares(x1, x2, bins, mask.shape[1]).T
    return targets
