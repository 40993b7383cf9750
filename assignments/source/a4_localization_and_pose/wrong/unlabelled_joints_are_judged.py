"""Joints with v = 0 are compared with (0, 0), and counted."""

import numpy as np

LOSES = {"q12": ("invisible", "nobody")}


def pck(truth, answers, segment, alpha):
    a, b = segment
    length = np.linalg.norm(truth[:, a, :2] - truth[:, b, :2], axis=1)
    counted = np.ones(truth.shape[:2], bool) & ((truth[:, a, 2] > 0) & (truth[:, b, 2] > 0) & (length > 0))[:, None]
    near = counted & (np.linalg.norm(answers - truth[..., :2], axis=2) <= alpha * length[:, None])
    total = counted.sum(axis=0)
    shares = np.where(total > 0, near.sum(axis=0) / np.maximum(total, 1), np.nan)
    return shares, shares[total > 0].mean() if total.any() else np.nan
