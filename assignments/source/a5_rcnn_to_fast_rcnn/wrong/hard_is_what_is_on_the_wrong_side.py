"""Hard are negatives with a score above 0, on the wrong side, and not those inside of the margin."""

import numpy as np

LOSES = {"q4": ("hardest", "margin", "inside")}


def hard_negatives(scores, roles, inside, most):
    hard = (roles == -1) & (scores > 0)
    hard[np.asarray(inside, int)] = False
    rows = np.flatnonzero(hard)
    return rows[np.argsort(-scores[rows], kind="stable")][:most]
