"""What a difference between two variants says, when both were run with the same few seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
SHOWS, OPPOSITE, HIDDEN = "shows", "opposite", "does not show at this scale"
TOO_FEW = "too few seeds"


@dataclass(frozen=True)
class Interval:
    """The mean of n values, and the interval that Student's t puts around it."""

    count: int
    mean: float
    low: float
    high: float

    def verdict(self, reference: float = 0.0) -> str:
        """Say whether values are above ``reference``: only where the whole interval lies on one side of it."""
        if self.count < 2:
            return TOO_FEW
        if self.low > reference:
            return SHOWS
        return OPPOSITE if self.high < reference else HIDDEN


def interval(values) -> Interval:
    """Return the 95 % interval of a mean, ``mean +- t s / sqrt(n)``.

    s is the standard deviation (n - 1 in the denominator), t the 97.5 % quantile of Student's distribution with n - 1
    degrees of freedom: 4.30 for three values, 12.7 for two. So few seeds make it wide. One value has no interval.

    Source: Student, The probable error of a mean, Biometrika 6 (1908).
    """
    from scipy.stats import t as student

    values = np.asarray(list(values), np.float64)
    count = len(values)
    if count == 0:
        return Interval(0, math.nan, math.nan, math.nan)
    mean = float(values.mean())
    if count == 1:
        return Interval(1, mean, -math.inf, math.inf)
    half = float(student.ppf((1 + CONFIDENCE) / 2, count - 1) * values.std(ddof=1) / math.sqrt(count))
    return Interval(count, mean, mean - half, mean + half)


def paired(better: dict[int, float], worse: dict[int, float]) -> Interval:
    """Return the interval of the differences ``better - worse``, seed by seed; seeds that one lacks are left out.

    What a seed does to both (its scenes, its first weights) is the same in both, and cancels.
    """
    return interval(better[seed] - worse[seed] for seed in sorted(better.keys() & worse.keys()))
