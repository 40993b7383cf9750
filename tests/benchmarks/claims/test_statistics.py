import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.claims.statistics import HIDDEN, OPPOSITE, SHOWS, TOO_FEW, interval, paired


def test_interval_by_hand():
    found = interval([1.0, 2.0, 3.0])  # s = 1, t = 4.3027 with 2 degrees of freedom
    assert found.mean == 2
    assert found.high - found.mean == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)


def test_interval_is_where_scipys_test_turns(rng):
    values = rng.normal(0.3, 1.0, 7)
    found = interval(values)
    for limit in (found.low, found.high):
        assert stats.ttest_1samp(values, limit).pvalue == pytest.approx(0.05, rel=1e-6)


def test_the_interval_covers_the_truth_as_often_as_it_says(rng):
    covered = [found.low < 0 < found.high for found in (interval(rng.standard_normal(3)) for _ in range(800))]
    assert 0.92 < np.mean(covered) < 0.98


@pytest.mark.parametrize(
    "values, verdict",
    [
        ([0.2, 0.21, 0.22], SHOWS),
        ([-0.2, -0.21, -0.22], OPPOSITE),
        ([0.2, 0.21, -0.1], HIDDEN),
        ([0.0, 0.0, 0.0], HIDDEN),
        ([0.1, 0.1, 0.1], SHOWS),
        ([0.5], TOO_FEW),
        ([], TOO_FEW),
    ],
)
def test_verdicts(values, verdict):
    assert interval(values).verdict() == verdict


def test_nothing_has_no_mean_and_one_value_no_limits():
    assert math.isnan(interval([]).mean)
    one = interval([2.0])
    assert (one.mean, one.low, one.high) == (2.0, -math.inf, math.inf)


def test_differences_are_paired_by_seed():
    better, worse = {0: 0.5, 1: 0.9, 2: 0.1, 7: 5.0}, {2: 0.0, 1: 0.8, 0: 0.4, 8: 3.0}
    found = paired(better, worse)
    assert found.count == 3
    assert found.mean == pytest.approx(0.1)
    assert found.high - found.low == pytest.approx(0, abs=1e-12)
    assert found.verdict() == SHOWS  # the seeds differ by much more than the variants
    assert paired(worse, better).verdict() == OPPOSITE
