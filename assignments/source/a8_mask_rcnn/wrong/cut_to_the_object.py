"""The mask is cut to its own outline, not to the box: the head learns a picture that it does not see."""

import numpy as np

LOSES = {"q3": ("whole", "shares", "matches", "outside", "thin")}


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
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            x1, y1, x2, y2 = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
            targets[r] = shares(y1, y2, bins, mask.shape[0]) @ mask @ shares(x1, x2, bins, mask.shape[1]).T
    return targets
