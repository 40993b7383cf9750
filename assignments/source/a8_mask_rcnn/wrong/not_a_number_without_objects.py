"""The mean of nothing: 0 / 0 is not a number."""

import numpy as np

LOSES = {"q4": ("nothing",)}


def mask_loss(logits, targets, labels):
    objects = np.flatnonzero(labels > 0)
    if not len(objects):
        return float("nan")
    z, t = logits[objects, labels[objects]], targets[objects]
    return float((np.logaddexp(0, z) - t * z).mean())


def mask_loss_grad(logits, targets, labels):
    slope = np.zeros(logits.shape)
    objects = np.flatnonzero(labels > 0)
    if len(objects):
        z, t = logits[objects, labels[objects]], targets[objects]
        slope[objects, labels[objects]] = (np.exp(-np.logaddexp(0, -z)) - t) / z.size
    return slope
