"""The loss is computed from p, which is rounded to 0 or 1 for large logits: infinite, or not a number."""

import numpy as np

LOSES = {"q4": ("large",)}


def mask_loss(logits, targets, labels):
    objects = np.flatnonzero(labels > 0)
    if not len(objects):
        return 0.0
    z, t = logits[objects, labels[objects]], targets[objects]
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-z))
        return float(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean())


def mask_loss_grad(logits, targets, labels):
    slope = np.zeros(logits.shape)
    objects = np.flatnonzero(labels > 0)
    if len(objects):
        z, t = logits[objects, labels[objects]], targets[objects]
        slope[objects, labels[objects]] = (np.exp(-np.logaddexp(0, -z)) - t) / z.size
    return slope
