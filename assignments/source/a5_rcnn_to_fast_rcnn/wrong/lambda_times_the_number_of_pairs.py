"""The squares are averaged, not added: lambda counts as many times as there are pairs."""

import numpy as np

LOSES = {"q5": ("fit", "bias", "few pairs")}


def fit_ridge(features, targets, lam):
    count, width = features.shape
    if not count:
        return np.zeros((width, 4)), np.zeros(4)
    x = np.concatenate([features, np.ones((count, 1))], axis=1)
    cost = count * lam * np.eye(width + 1)
    cost[-1, -1] = 0
    both = np.linalg.solve(x.T @ x + cost, x.T @ targets)
    return both[:-1], both[-1]
