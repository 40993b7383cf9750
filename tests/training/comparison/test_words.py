"""Who is better, in words: each way it can turn out, and how much of the claim that leaves."""

import pytest

from minidet.metrics import Interval
from minidet.training.comparison.words import CLAIM, accuracy_words, claim_words, held, speed_words, title

ACCURACY = "whether A or B is more accurate is not decided: AP50 of the first minus that of the second is "
SPEED = "whether A or B is faster is not decided: the first takes "


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        ((0.03, 0.01, 0.05), "A is more accurate than B by 0.030 (0.010 to 0.050) of AP50"),
        ((-0.03, -0.05, -0.01), "B is more accurate than A by 0.030 (0.010 to 0.050) of AP50"),
        ((0.01, -0.01, 0.03), f"{ACCURACY}0.010 (-0.010 to 0.030)"),
        ((0.0, 0.0, 0.0), f"{ACCURACY}0.000 (0.000 to 0.000)"),
    ],
)
def test_accuracy(difference, words):
    assert accuracy_words("A", "B", Interval(*difference)) == words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        ((2.0, 1.5, 2.5), "B is 2.00 times as fast as A (1.50 to 2.50)"),
        ((0.5, 0.4, 0.8), "A is 2.00 times as fast as B (1.25 to 2.50)"),
        ((1.1, 0.9, 1.3), f"{SPEED}1.10 times as long as the second (0.90 to 1.30)"),
    ],
)
def test_speed(ratio, words):
    assert speed_words("A", "B", Interval(*ratio)) == words


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [(0.1, 0.2, "holds"), (-0.2, -0.1, "does not hold"), (-0.1, 0.1, "is not decided"), (0, 0.1, "is not decided")],
)
def test_whether_a_part_holds(low, high, state):
    assert held(low, high, 0) == state
    assert held(low + 1, high + 1, 1) == state
    assert held(float("nan"), float("nan"), 0) == "is not decided"


def test_the_claim():
    assert claim_words([]) == ""
    assert claim_words(["holds", "holds"]) == f"The claim, {CLAIM}, holds here."
    some = claim_words(["holds", "does not hold", "holds", "is not decided"])
    assert some == f"Of the 4 parts of the claim, {CLAIM}: 2 hold, 1 does not hold, 1 is not decided here."
    assert claim_words(["is not decided"] * 2 + ["holds"]).endswith(": 1 holds, 2 are not decided here.")


def test_titles():
    assert title("faster_rcnn") == "Faster R-CNN"
    assert title("a_new_one") == "a_new_one"
