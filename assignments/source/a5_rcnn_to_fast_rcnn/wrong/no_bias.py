"""The regression goes through 0: there is no bias, and no mean is taken off."""

import numpy as np

LOSES = {"q5": ("bias",)}


def fit_ridge(features, targets, lam):
    width = features.shape[1]
    return np.linalg.solve(features.T @ features + lam * np.eye(width), features.T @ targets), np.zeros(4)
