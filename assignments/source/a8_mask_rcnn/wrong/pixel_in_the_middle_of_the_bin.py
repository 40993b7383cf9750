"""A bin is what the pixel in its middle says: 0 or 1, and no share."""

import numpy as np

LOSES = {"q3": ("whole", "shares", "matches", "outside")}


def mask_targets(masks, boxes, matches, bins):
    targets = np.zeros((len(boxes), bins, bins))
    for r, (x1, y1, x2, y2) in enumerate(boxes):
        mask = masks[matches[r]]
        if x2 <= x1 or y2 <= y1:
            continue
        for i, j in np.ndindex(bins, bins):
            row, column = (
                int(np.floor(y1 + (i + 0.5) * (y2 - y1) / bins)),
                int(np.floor(x1 + (j + 0.5) * (x2 - x1) / bins)),
            )
            if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]:
                targets[r, i, j] = mask[row, column]
    return targets
