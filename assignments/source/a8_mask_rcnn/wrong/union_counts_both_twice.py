"""The union is taken to be the sum of both areas: what is in both is counted twice."""

import numpy as np

LOSES = {"q6": ("iou", "empty")}


def mask_iou(found, true):
    ious = np.zeros((len(found), len(true)))
    for d, g in np.ndindex(*ious.shape):
        either = found[d].sum() + true[g].sum()
        ious[d, g] = (found[d] & true[g]).sum() / either if either else 0
    return ious
