"""How far AP50 would move with other test pictures: that of pictures that are drawn again from those that there are.

Efron and Tibshirani, An introduction to the bootstrap, 1993, chapters 6 and 13. Detectors that are compared are scored
on the same draw each time, as what is hard for one is mostly hard for the other: their difference moves far less than
each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...autograd.as_array import as_array
from ...errors import bad_argument, integer, number
from ...random import generator
from .tables import RECALLS

MOST_ROUNDS = 10**6


@dataclass(frozen=True)
class Outcomes:
    """What AP50 is made of: where each detection was made and whether it is right, and what there is in each picture.

    Parameters
    ----------
    image : ndarray int64 (D,)
        Of each detection that counts, class by class, in each by descending scores.
    right : ndarray bool (D,)
        Whether it found an object of its class, with an IoU of 0.5 or more.
    first : ndarray int64 (K + 1,)
        Class k has the detections from ``first[k]`` to ``first[k + 1]``.
    objects : ndarray int64 (P, K)
        How many objects of each class are to be found in each of the P pictures.
    """

    image: np.ndarray
    right: np.ndarray
    first: np.ndarray
    objects: np.ndarray

    def ap50(self, times: np.ndarray | None = None) -> float:
        """Return AP50 of pictures that are there so many ``times``, (P,); NaN where there is nothing to find.

        It is COCO's: the mean over classes and 101 values of recall. Copies of a picture have equal scores, and stand
        together in the order of detections. The last of the copies decides: right ones raise precision and recall
        with each copy, wrong ones lower precision alone.
        """
        times = np.ones(len(self.objects), np.int64) if times is None else times
        totals = times @ self.objects  # (K,)
        weights = times[self.image]
        right = weights * self.right
        figures = []
        for k in np.flatnonzero(totals):
            mine = slice(self.first[k], self.first[k + 1])
            found = np.cumsum(right[mine])
            precision = found / np.maximum(np.cumsum(weights[mine]), 1)
            best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)  # 0: a recall that is not reached
            figures.append(best[np.searchsorted(found / totals[k], RECALLS)].mean())
        return float(np.mean(figures)) if figures else float("nan")


class Interval(NamedTuple):
    """A figure, and between what it would lie in so many of a hundred draws."""

    value: float
    low: float
    high: float


def bootstrap_ap50(outcomes: Sequence[Outcomes], rounds: int = 2000, rng: np.random.Generator | None = None):
    """Return AP50 of several detectors on pictures that are drawn again and again, the same for all of them.

    Parameters
    ----------
    outcomes : sequence of Outcomes
        Of each detector, on the same P pictures.
    rounds : int
        In each, P pictures are drawn from the P that there are, with replacement.
    rng : numpy Generator, optional

    Returns
    -------
    ndarray float64 (M, rounds)
        Row by row of the M detectors. NaN where no picture with an object was drawn.

    Raises
    ------
    ValueError
        The detectors were not scored on the same pictures, or on none.
    """
    op = "bootstrap_ap50"
    if (
        not isinstance(outcomes, (list, tuple))
        or not outcomes
        or not all(isinstance(one, Outcomes) for one in outcomes)
    ):
        why = "MeanAveragePrecision.outcomes() makes one"
        raise bad_argument(op, "outcomes", "is of another kind, or empty", "Outcomes of each detector", why, TypeError)
    rounds = integer(op, "rounds", rounds, 1, MOST_ROUNDS)
    rng, objects = generator(rng, op), outcomes[0].objects
    if not len(objects):
        raise bad_argument(op, "outcomes", "has no picture", "at least one")
    if not all(np.array_equal(one.objects, objects) for one in outcomes):
        raise bad_argument(op, "outcomes", "are of different pictures", "all detectors on the same ones")
    figures = np.empty((len(outcomes), rounds))
    for r in range(rounds):
        times = np.bincount(rng.integers(len(objects), size=len(objects)), minlength=len(objects))
        figures[:, r] = [one.ap50(times) for one in outcomes]
    return figures


def interval_of(value: float, draws, confidence: float = 0.95) -> Interval:
    """Return a figure with the interval that holds the middle of its draws: their percentiles.

    Parameters
    ----------
    value : float
        The figure itself, of what there is.
    draws : array_like (rounds,)
        The same of each draw; those that are NaN are left out.
    confidence : float
        The share of draws that lie inside.

    Returns
    -------
    Interval
        Its ends are NaN where every draw is.
    """
    figure = as_array("interval_of", "value", value, "iuf")
    if figure.ndim:
        raise bad_argument("interval_of", "value", f"has shape {figure.shape}", "a number")
    confidence, value = number("interval_of", "confidence", confidence, 0, 1), float(figure)
    draws = as_array("interval_of", "draws", draws, "iuf")
    if np.isinf(draws).any():
        raise bad_argument("interval_of", "draws", "contains infinity", "figures, or NaN for none")
    draws = draws[~np.isnan(draws)]
    if not draws.size:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(low), float(high))
