"""Which of two joints that look alike lies farther left: a task that helps the joints' maps, in training only.

    features of a positive region, of the box head (P, D) -- linear --> (P, S), logits: one for each pair of joints

    target: 1 where the pair's first joint has the larger x, else 0
    loss:   binary cross-entropy, of the pairs whose joints are both labelled

Not in the paper. A left shoulder and a right one look the same; the face says which is which, a few pixels that lie
elsewhere. The map of a joint is right for most people without a look at them, if most are seen from the front, and so
it learns to look late. The box head sees the region as a whole, with weights of their own for each place, and need not
say where anything is: it finds the face early, in maps that both heads share (Caruana, Multitask learning, 1997).
"""

from __future__ import annotations

import numpy as np

from .... import nn
from ....autograd import Tensor, tensor
from ....nn import functional as F
from ....nn import init


def side_predictor(in_channels: int, pairs: int) -> nn.Linear:
    """Return the layer of the figure: (P, in_channels) to (P, pairs)."""
    layer = nn.Linear(in_channels, pairs)
    init.normal_(layer.weight, std=0.01)
    init.zeros_(layer.bias)
    return layer


def sides_of(keypoints: np.ndarray, pairs) -> tuple[np.ndarray, np.ndarray]:
    """Return whether the first joint of each pair has the larger x, and whether that is known.

    Parameters
    ----------
    keypoints : ndarray
        (P, J, 3): x, y, v.
    pairs : sequence of (int, int)
        S pairs of joints.

    Returns
    -------
    right, known : ndarray bool
        (P, S). Known is what both joints are labelled for (v > 0), and have not the same x.
    """
    first, second = np.array(pairs).T
    x, labelled = keypoints[..., 0], keypoints[..., 2] > 0  # (P, J)
    right = x[:, first] > x[:, second]
    return right, labelled[:, first] & labelled[:, second] & (x[:, first] != x[:, second])


def sides_loss(logits: Tensor, keypoints: np.ndarray, pairs) -> Tensor:
    """Return the mean binary cross-entropy of the pairs that are known; 0, with a graph, where none is.

    Parameters
    ----------
    logits : Tensor
        (P, S), of positive regions.
    keypoints, pairs
        As for :func:`sides_of`: the joints of each region's object.
    """
    right, known = sides_of(keypoints, pairs)
    here = np.nonzero(known)
    if not len(here[0]):
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(logits[here], tensor(right[here].astype(logits.dtype)))
