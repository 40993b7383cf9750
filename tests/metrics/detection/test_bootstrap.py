"""How far AP50 would move with other pictures: by hand, beside COCO's figures of copied pictures, and planted."""

import numpy as np
import pytest

from minidet.metrics import Interval, MeanAveragePrecision, bootstrap_ap50, coco_evaluate, interval_of

from .scenes import random_scenes
from .test_streaming import pictures
from .test_voc import FAR, A, found, there


def collected(truths, answers, num_classes=2):
    figures = MeanAveragePrecision(num_classes)
    figures.update(truths, answers)
    return figures


#: The first picture's object is found. In the second, something else scores more.
TRUTHS = [there(A), there(A)]
ANSWERS = [found(A, scores=[0.9]), found(FAR, A, scores=[0.95, 0.5])]


@pytest.mark.parametrize(("times", "expected"), [((2, 0), 1.0), ((1, 1), 2 / 3), ((0, 2), 0.5), ((0, 0), np.nan)])
def test_by_hand(times, expected):
    outcomes = collected(TRUTHS, ANSWERS).outcomes()
    np.testing.assert_allclose(outcomes.ap50(np.array(times)), expected, rtol=1e-12)


def test_each_draw_is_as_frequent_as_it_should_be():
    """Two pictures: both, in half of the draws, or one of them twice, in a quarter each."""
    outcomes = collected(TRUTHS, ANSWERS).outcomes()
    (draws,) = bootstrap_ap50([outcomes], 2000, np.random.default_rng(0))
    values, many = np.unique(draws.round(9), return_counts=True)
    np.testing.assert_allclose(values, [0.5, 2 / 3, 1.0], atol=1e-9)
    np.testing.assert_allclose(many / 2000, [0.25, 0.5, 0.25], atol=0.04)  # four standard deviations


@pytest.mark.parametrize("seed", [0, 1])
def test_a_picture_that_is_drawn_twice_counts_twice(seed):
    scenes, answers = random_scenes(seed, False, 0)
    for i, answer in enumerate(answers):
        answer["score"] += i * 1e-9  # no two are equal: the copies of two from one picture would stand in turns
    truths, found_there = pictures(scenes, answers, False)
    outcomes = collected(truths, found_there, 4).outcomes()
    assert outcomes.ap50() == pytest.approx(coco_evaluate(scenes, answers)["AP50"], abs=1e-12)
    times = np.random.default_rng(seed).integers(0, 4, len(truths))
    copied = np.repeat(np.arange(len(truths)), times)
    copies = collected([truths[i] for i in copied], [found_there[i] for i in copied], 4).compute()
    assert outcomes.ap50(times) == pytest.approx(copies["AP50"], abs=1e-12)


def detector(rng, hits, share):
    """Return the outcomes of one that finds ``share`` of the objects that are easy enough for it."""
    truths = [there(A) for _ in hits]
    answers = [found(*([A] if hit < share else [FAR]), scores=[rng.uniform()]) for hit in hits]
    return collected(truths, answers).outcomes()


def test_a_planted_difference_is_found_and_none_is_not():
    rng = np.random.default_rng(1)
    hits = rng.uniform(size=200)  # what is hard for one is hard for the other
    good, bad, same = (detector(rng, hits, share) for share in (0.9, 0.6, 0.9))
    draws = bootstrap_ap50([good, bad, same], 400, rng)
    better = interval_of(good.ap50() - bad.ap50(), draws[0] - draws[1])
    assert 0.2 < better.low < better.value < better.high < 0.6
    equal = interval_of(good.ap50() - same.ap50(), draws[0] - draws[2])
    assert equal.low < 0 < equal.high
    apart = interval_of(0.0, draws[0] - bootstrap_ap50([bad], 400, rng)[0])
    assert apart.high - apart.low > better.high - better.low  # pairs say more


def test_the_same_detector_differs_by_nothing():
    outcomes = collected(TRUTHS, ANSWERS).outcomes()
    draws = bootstrap_ap50([outcomes, outcomes], 50, np.random.default_rng(0))
    assert interval_of(0.0, draws[0] - draws[1]) == (0.0, 0.0, 0.0)


def test_the_middle_of_the_draws():
    assert interval_of(5, np.arange(101.0)) == pytest.approx(Interval(5.0, 2.5, 97.5))
    assert interval_of(5, [1.0, np.nan, 3.0], 1.0) == Interval(5.0, 1.0, 3.0)
    nothing = interval_of(np.nan, [np.nan])
    assert np.isnan(nothing).all()


def test_what_does_not_count_is_not_among_the_outcomes():
    truths = [there(A, difficult=[True]), there(A, iscrowd=[True]), there()]
    answers = [found(A, scores=[0.9]), found(A, FAR, scores=[0.8, 0.7]), found(scores=[])]
    outcomes = collected(truths, answers).outcomes()
    assert outcomes.image.tolist() == [1]  # FAR alone
    assert not outcomes.right.any()
    assert not outcomes.objects.any()
    assert np.isnan(bootstrap_ap50([outcomes], 2)).all()


def test_wrong_arguments():
    outcomes = collected(TRUTHS, ANSWERS).outcomes()
    other = collected(TRUTHS[:1], ANSWERS[:1]).outcomes()
    with pytest.raises(TypeError, match="bootstrap_ap50: outcomes is of another kind, or empty"):
        bootstrap_ap50([])
    with pytest.raises(TypeError, match="outcomes is of another kind"):
        bootstrap_ap50([TRUTHS])
    with pytest.raises(ValueError, match="are of different pictures, expected all detectors on the same ones"):
        bootstrap_ap50([outcomes, other])
    with pytest.raises(ValueError, match="rounds is 0"):
        bootstrap_ap50([outcomes], 0)
    with pytest.raises(TypeError, match="rng is a int"):
        bootstrap_ap50([outcomes], 1, 3)
    with pytest.raises(ValueError, match="has no picture"):
        bootstrap_ap50([MeanAveragePrecision(2).outcomes()])
    with pytest.raises(ValueError, match="interval_of: confidence is 2"):
        interval_of(0, [1], 2)
    with pytest.raises(TypeError, match="interval_of: draws"):
        interval_of(0, ["a"])
