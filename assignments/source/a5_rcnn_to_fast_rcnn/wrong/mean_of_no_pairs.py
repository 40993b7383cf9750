"""Without pairs, means of no rows are taken: they are no numbers."""

import numpy as np

LOSES = {"q5": ("no pairs",)}


def fit_ridge(features, targets, lam):
    count, width = features.shape
    with np.errstate(all="ignore"):
        middle = features.sum(axis=0) / np.float64(count), targets.sum(axis=0) / np.float64(count)
    x, y = features - middle[0], targets - middle[1]
    weight = np.linalg.solve(x.T @ x + lam * np.eye(width), x.T @ y)
    return weight, middle[1] - middle[0] @ weight
