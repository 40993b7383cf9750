"""Two masks without pixels have the IoU 1: they are the same."""

import numpy as np

LOSES = {"q6": ("empty",)}


def mask_iou(found, true):
    ious = np.zeros((len(found), len(true)))
    for d, g in np.ndindex(*ious.shape):
        either = (found[d] | true[g]).sum()
        ious[d, g] = (found[d] & true[g]).sum() / either if either else 1
    return ious
