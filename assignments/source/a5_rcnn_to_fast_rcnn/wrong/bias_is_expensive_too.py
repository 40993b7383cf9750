"""The bias is a weight of a feature that is always 1, and is made as expensive as the others."""

import numpy as np

LOSES = {"q5": ("bias",)}


def fit_ridge(features, targets, lam):
    count, width = features.shape
    if not count:
        return np.zeros((width, 4)), np.zeros(4)
    x = np.concatenate([features, np.ones((count, 1))], axis=1)
    cost = lam * np.eye(width + 1)
    both = np.linalg.solve(x.T @ x + cost, x.T @ targets)
    return both[:-1], both[-1]
