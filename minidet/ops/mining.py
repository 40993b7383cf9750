"""Which background a detector learns from, where nearly everything is background: what it gets most wrong."""

from __future__ import annotations

import numpy as np

from ..autograd import Tensor, tensor
from ..autograd.as_array import as_array
from ..errors import bad_argument, integer, number


def hard_negative_mining(loss, labels, neg_pos_ratio: float = 3.0, min_negatives: int = 0) -> Tensor:
    """Choose each image's background of highest loss, three for each positive (Liu et al. 2016, SSD, section 2.2).

    ::

        count = min(max(floor(neg_pos_ratio * positives), min_negatives), background that there is)

    Parameters
    ----------
    loss : Tensor
        (N, A): the loss of each of A boxes of N images, were it background. Of equal ones the first is taken.
    labels : Tensor
        (N, A), integers: positive where there is an object, 0 for background, negative for what is neither.
    neg_pos_ratio : float
        Negatives for each positive.
    min_negatives : int
        An image has at least so many: without it, an image without positives has none.

    Returns
    -------
    Tensor
        (N, A), bool: the negatives. None of them is a positive, or neither of both.

    Raises
    ------
    ValueError
        A loss is NaN: it cannot be put in order. Infinity can.

    Notes
    -----
    torchvision has no such function: its SSD chooses inside.

    Examples
    --------
    >>> hard_negative_mining([[0.1, 0.9, 0.5, 0.7]], [[2, 0, 0, -1]], 1.0).numpy()
    array([[False,  True, False, False]])
    """
    op = "hard_negative_mining"
    loss, labels = as_array(op, "loss", loss, "iuf"), as_array(op, "labels", labels, "iu")
    if loss.ndim != 2:
        raise bad_argument(op, "loss", f"has shape {loss.shape}", "(N, A), A boxes of each image")
    if labels.shape != loss.shape:
        raise bad_argument(op, "labels", f"has shape {labels.shape}", str(loss.shape), "one for each loss")
    if np.isnan(loss).any():
        raise bad_argument(op, "loss", "contains NaN", "numbers that can be put in order")
    ratio = number(op, "neg_pos_ratio", neg_pos_ratio, 0, 1e9)
    least = integer(op, "min_negatives", min_negatives)
    chosen = np.zeros(loss.shape, bool)
    for row, values, marks in zip(chosen, loss, labels, strict=True):
        background = np.flatnonzero(marks == 0)
        count = max(int(ratio * np.count_nonzero(marks > 0)), least)
        hardest_first = np.argsort(-values[background].astype(np.float64), kind="stable")
        row[background[hardest_first[:count]]] = True
    return tensor(chosen)
