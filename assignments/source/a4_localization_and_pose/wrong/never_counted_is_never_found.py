"""A joint that was never counted has the share 0, and is part of the mean."""

import numpy as np

LOSES = {"q12": ("nobody",)}


def pck(truth, answers, segment, alpha):
    a, b = segment
    length = np.linalg.norm(truth[:, a, :2] - truth[:, b, :2], axis=1)
    counted = (truth[..., 2] > 0) & ((truth[:, a, 2] > 0) & (truth[:, b, 2] > 0) & (length > 0))[:, None]
    near = counted & (np.linalg.norm(answers - truth[..., :2], axis=2) <= alpha * length[:, None])
    shares = near.sum(axis=0) / np.maximum(counted.sum(axis=0), 1)
    return shares, shares.mean()
