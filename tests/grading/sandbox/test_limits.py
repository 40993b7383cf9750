"""What is said of slow calls before the grader stops them."""

import pytest

from minidet.grading.sandbox.limits import Limits, too_slow


@pytest.mark.parametrize("seconds, words", [
    ([], ""), ([0.1] * 20, ""), ([2.4], ""),
    ([0.1, 2.6], "slow: a call took 2.6 seconds, and the grader stops a call after 5"),
    ([1.2] * 10, "slow: the grader's calls would take about 36 seconds together, and it stops after 60"),
])  # fmt: skip
def test_slow_calls_are_named_while_they_still_pass(seconds, words):
    assert too_slow(seconds) == words


def test_a_question_has_less_time_than_a_worker():
    """Else a worker would be killed for what its question may take."""
    limits = Limits()
    assert limits.load + limits.question + limits.call + limits.load < limits.cpu
