"""The mean of the binary cross-entropy, that of question 4, in place of this term's loss."""

import numpy as np

LOSES = lambda variants: {"q8": ("values", "gradient", "background", "extreme", "nothing")}


def other_mask_loss(logits, targets, labels):
    objects = np.flatnonzero(labels > 0)
    if not len(objects):
        return 0.0
    z, t = logits[objects, labels[objects]], targets[objects]
    return float((np.logaddexp(0, z) - t * z).mean())


def other_mask_loss_grad(logits, targets, labels):
    slope = np.zeros(logits.shape)
    objects = np.flatnonzero(labels > 0)
    if len(objects):
        z, t = logits[objects, labels[objects]], targets[objects]
        slope[objects, labels[objects]] = (np.exp(-np.logaddexp(0, -z)) - t) / z.size
    return slope
