"""Which anchors, or proposals, take part in a step of training: a few, of both kinds."""

from __future__ import annotations

import numpy as np

from ..autograd import Tensor, tensor
from ..autograd.as_array import as_array
from ..errors import bad_argument, integer, number
from ..random import generator


class BalancedPositiveNegativeSampler:
    """Draw some of each image's positives and negatives at random, without replacement.

    At most ``positive_fraction`` of the sample are positives; where there are fewer, negatives take their places. If
    even these are few, the sample is smaller.

    Parameters
    ----------
    batch_size_per_image : int
    positive_fraction : float
        In [0, 1].
    rng : numpy.random.Generator, optional
        Without it, minidet's own is drawn from, which ``manual_seed`` restarts.

    Notes
    -----
    Departs from torchvision: masks are bool, and negatives can be of two choices (``reserve``).
    """

    def __init__(self, batch_size_per_image: int, positive_fraction: float, rng=None):
        op = "BalancedPositiveNegativeSampler"
        self.batch_size_per_image = integer(op, "batch_size_per_image", batch_size_per_image, 1)
        self.positive_fraction = number(op, "positive_fraction", positive_fraction, 0, 1)
        self.rng = None if rng is None else generator(rng, op)

    def __call__(self, matched_idxs, reserve=None) -> tuple[list[Tensor], list[Tensor]]:
        """Return which positives, and which negatives, are drawn.

        Parameters
        ----------
        matched_idxs : list of Tensor
            For each image (N,), integers: positive where there is an object, 0 for background, negative for what is
            neither.
        reserve : list of Tensor, optional
            For each image (N,), bool: background that is drawn only where there is too little of the other. In Fast
            R-CNN, what overlaps no object by 0.1.

        Returns
        -------
        list of Tensor, list of Tensor
            For each image two (N,), bool: the positives, the negatives.
        """
        op = "BalancedPositiveNegativeSampler"
        matched = _per_image(op, "matched_idxs", matched_idxs, "iu")
        second = (
            [np.zeros(m.shape, bool) for m in matched] if reserve is None else _per_image(op, "reserve", reserve, "b")
        )
        if [m.shape for m in second] != [m.shape for m in matched]:
            was, expected = (
                f"has shapes {[m.shape for m in second]}",
                f"those of matched_idxs, {[m.shape for m in matched]}",
            )
            raise bad_argument(op, "reserve", was, expected)
        rng = generator(self.rng, op)
        drawn = [self._draw(m, r, rng) for m, r in zip(matched, second, strict=True)]
        return [tensor(positive) for positive, _ in drawn], [tensor(negative) for _, negative in drawn]

    def _draw(self, matched: np.ndarray, reserve: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
        positive = _some(matched > 0, int(self.batch_size_per_image * self.positive_fraction), rng)
        missing = self.batch_size_per_image - int(positive.sum())
        negative = _some((matched == 0) & ~reserve, missing, rng)
        negative |= _some((matched == 0) & reserve, missing - int(negative.sum()), rng)
        return positive, negative


def _some(mask: np.ndarray, count: int, rng) -> np.ndarray:
    """Return a mask of ``count`` of those in ``mask``, or of all if they are fewer."""
    chosen = rng.permutation(np.flatnonzero(mask))[:count]
    result = np.zeros(mask.shape, bool)
    result[chosen] = True
    return result


def _per_image(op: str, argument: str, values, kinds: str) -> list[np.ndarray]:
    if not isinstance(values, (list, tuple)):
        was = f"is a {type(values).__name__}"
        raise bad_argument(op, argument, was, "a list with a tensor for each image", error=TypeError)
    arrays = [as_array(op, argument, value, kinds) for value in values]
    for array in arrays:
        if array.ndim != 1:
            raise bad_argument(op, argument, f"has an image of shape {array.shape}", "(N,) for each image")
    return arrays
