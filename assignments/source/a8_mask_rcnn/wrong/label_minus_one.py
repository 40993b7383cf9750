"""Labels begin at 1, so the mask of class k is taken to be number k - 1. But background has a mask, too."""

import numpy as np

LOSES = {"q4": ("values", "background", "gradient", "nothing", "large")}


def mask_loss(logits, targets, labels):
    objects = np.flatnonzero(labels > 0)
    if not len(objects):
        return 0.0
    z, t = logits[objects, labels[objects] - 1], targets[objects]
    return float((np.logaddexp(0, z) - t * z).mean())


def mask_loss_grad(logits, targets, labels):
    slope = np.zeros(logits.shape)
    objects = np.flatnonzero(labels > 0)
    if len(objects):
        z, t = logits[objects, labels[objects] - 1], targets[objects]
        slope[objects, labels[objects] - 1] = (np.exp(-np.logaddexp(0, -z)) - t) / z.size
    return slope
