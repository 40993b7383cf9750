"""The mean length of all people is the measure of everybody."""

import numpy as np

LOSES = {"q12": ("values",)}


def pck(truth, answers, segment, alpha):
    a, b = segment
    length = np.linalg.norm(truth[:, a, :2] - truth[:, b, :2], axis=1)
    measured = (truth[:, a, 2] > 0) & (truth[:, b, 2] > 0) & (length > 0)
    counted = (truth[..., 2] > 0) & measured[:, None]
    usual = length[measured].sum() / max(measured.sum(), 1)
    near = counted & (np.linalg.norm(answers - truth[..., :2], axis=2) <= alpha * usual)
    total = counted.sum(axis=0)
    shares = np.where(total > 0, near.sum(axis=0) / np.maximum(total, 1), np.nan)
    return shares, shares[total > 0].mean() if total.any() else np.nan
