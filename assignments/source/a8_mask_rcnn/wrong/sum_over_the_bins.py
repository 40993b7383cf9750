"""The losses of all bins are added up: the number of bins is not divided by."""

import numpy as np

LOSES = {"q4": ("values", "background", "gradient", "nothing", "large")}


def mask_loss(logits, targets, labels):
    objects = np.flatnonzero(labels > 0)
    if not len(objects):
        return 0.0
    z, t = logits[objects, labels[objects]], targets[objects]
    return float((np.logaddexp(0, z) - t * z).sum())


def mask_loss_grad(logits, targets, labels):
    slope = np.zeros(logits.shape)
    objects = np.flatnonzero(labels > 0)
    if len(objects):
        z, t = logits[objects, labels[objects]], targets[objects]
        slope[objects, labels[objects]] = np.exp(-np.logaddexp(0, -z)) - t
    return slope
