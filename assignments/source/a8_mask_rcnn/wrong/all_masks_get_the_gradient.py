"""The gradient of the true class is written into the masks of all classes."""

import numpy as np

LOSES = {"q4": ("background", "gradient", "nothing", "large")}


def mask_loss(logits, targets, labels):
    objects = np.flatnonzero(labels > 0)
    if not len(objects):
        return 0.0
    z, t = logits[objects, labels[objects]], targets[objects]
    return float((np.logaddexp(0, z) - t * z).mean())


def mask_loss_grad(logits, targets, labels):
    slope = np.zeros(logits.shape)
    objects = np.flatnonzero(labels > 0)
    if len(objects):
        z, t = logits[objects, labels[objects]], targets[objects]
        slope[objects] = ((np.exp(-np.logaddexp(0, -z)) - t) / z.size)[:, None]
    return slope
