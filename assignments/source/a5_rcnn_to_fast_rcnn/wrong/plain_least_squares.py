"""Lambda is forgotten: least squares alone, which learns few pairs by heart."""

import numpy as np

LOSES = {"q5": ("fit", "bias", "few pairs")}


def fit_ridge(features, targets, lam):
    count, width = features.shape
    if not count:
        return np.zeros((width, 4)), np.zeros(4)
    middle = features.mean(axis=0), targets.mean(axis=0)
    weight = np.linalg.lstsq(features - middle[0], targets - middle[1], rcond=None)[0]
    return weight, middle[1] - middle[0] @ weight
