"""Logits are compared with the threshold, as if they were probabilities."""

import numpy as np

LOSES = {"q5": ("final",)}


def stretch(low, high, bins, length):
    centres = np.arange(length) + 0.5
    inside = (low <= centres) & (centres < high)
    u = np.clip((centres - low) / max(high - low, 1e-9) * bins - 0.5, 0, bins - 1)
    return inside[:, None] * np.maximum(0, 1 - np.abs(u[:, None] - np.arange(bins)))


def paste_masks(masks, boxes, size):
    pasted = np.zeros((len(masks), *size))
    for r, (x1, y1, x2, y2) in enumerate(boxes):
        pasted[r] = stretch(y1, y2, masks.shape[1], size[0]) @ masks[r] @ stretch(x1, x2, masks.shape[1], size[1]).T
    return pasted


def final_masks(logits, labels, boxes, size, threshold=0.5):
    chosen = logits[np.arange(len(labels)), labels]
    return paste_masks(chosen, boxes, size) >= threshold
