"""What is measured: mistakes among the surest detections, the curve, turns, multiply-adds; by hand or beside others."""

import types

import numpy as np
import pytest

from minidet import nn, no_grad, tensor
from minidet.metrics import MeanAveragePrecision, bootstrap_ap50, interval_of
from minidet.training.comparison import measuring
from minidet.training.comparison.measuring import (
    accuracies,
    accuracy,
    bootstrap_medians,
    in_turns,
    multiply_adds,
    surest_errors,
)
from minidet.training.tasks.detection_figures import Measured
from tests.metrics.detection.test_voc import FAR, A, B, found, random_pictures, there


def measured(truths, answers, num_classes=2):
    figures = MeanAveragePrecision(num_classes)
    figures.update(truths, answers)
    return Measured(None, figures, truths, answers)


def test_as_many_detections_as_objects_are_looked_at():
    truths = [there(A, B), there(A, difficult=[True])]
    answers = [found(A, FAR, B, scores=[0.9, 0.8, 0.3]), found(FAR, scores=[0.2])]
    errors = surest_errors(truths, answers)  # the two that score 0.9 and 0.8
    assert (errors.correct, errors.background, errors.missed) == (1, 1, 1)
    equal = surest_errors([there(A)], [found(FAR, A, scores=[0.5, 0.5])])  # no more than one, though two score as much
    assert (equal.correct, equal.background) == (0, 1)
    assert vars(surest_errors([there()], answers[1:])) == vars(surest_errors([there()], [found(scores=[])]))
    assert surest_errors([there(A)], [found(scores=[])]).missed == 1


def test_the_area_below_the_curve_is_ap50():
    truths, answers = random_pictures(3)
    classes = 1 + max(max(truth["labels"], default=1) for truth in truths + answers)
    found_there = accuracy(measured(truths, answers, classes))
    assert 0 < found_there.ap50 < 1
    assert found_there.precision.mean() == pytest.approx(found_there.ap50, abs=1e-12)
    assert found_there.outcomes.ap50() == pytest.approx(found_there.ap50, abs=1e-12)
    assert (np.diff(found_there.precision) <= 1e-12).all()


def test_nothing_to_find():
    nothing = accuracy(measured([there()], [found(A, scores=[0.5])]))
    assert np.isnan([nothing.ap50, *nothing.precision]).all()


def entrant(name, truths, answers):
    task = types.SimpleNamespace(measure=lambda model, split: measured(truths, answers))
    return types.SimpleNamespace(model=name, task=task, opened=types.SimpleNamespace(model=None))


def test_a_planted_difference_is_measured():
    truths = [there(A)] * 40
    good = entrant("good", truths, [found(A, scores=[0.9])] * 40)
    bad = entrant("bad", truths, [found(A, scores=[0.9])] * 20 + [found(FAR, scores=[0.9])] * 20)
    (one, other), images, objects = accuracies([good, bad], "test")
    assert (images, objects) == (40, 40)
    assert (one.errors.correct, other.errors.correct, other.errors.background) == (40, 20, 20)
    draws = bootstrap_ap50([one.outcomes, other.outcomes], 100, np.random.default_rng(0))
    assert interval_of(0, draws[0] - draws[1]).low > 0.3


def test_detectors_that_saw_other_pictures_are_not_compared():
    with pytest.raises(ValueError, match="compare: the detectors differ: b was measured on other pictures than a"):
        accuracies([entrant("a", [there(A)], [found(scores=[])]), entrant("b", [there(B)], [found(scores=[])])], "test")


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3, padding=1, bias=False)

    def forward(self, images):
        return self.conv(images)


def looking(log, name):
    """Return an entrant that notes each picture it looks at."""
    model = Conv()

    def look(model, image, anew):
        assert anew
        log.append((name, float(image[0, 0, 0])))
        with no_grad():
            return model(tensor(image[None]))

    return types.SimpleNamespace(
        model=name, task=types.SimpleNamespace(look=look), opened=types.SimpleNamespace(model=model)
    )


def pictures(*sides):
    return [np.full((3, side, side), number, np.float32) for number, side in enumerate(sides)]


def test_multiply_adds_are_the_mean_of_a_few_pictures():
    one = looking([], "a")
    assert multiply_adds(one, pictures(4, 6)) == 54 * (16 + 36) / 2
    assert multiply_adds(one, pictures(*[4] * measuring.COUNTED, 6)) == 54 * 16
    assert measuring.parameters(one) == 54


def test_turns_alternate_and_the_first_is_not_counted(monkeypatch):
    log = []
    clock = iter(np.cumsum([0, 9, 0, 9, 0, 1, 0, 2, 0, 3, 0, 4]).tolist())  # seconds from look to look
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: next(clock))
    seconds = in_turns([looking(log, "a"), looking(log, "b")], pictures(4, 4), 2)
    assert log == [("b", 0), ("a", 0), ("a", 1), ("b", 1), ("b", 0), ("a", 0)]
    np.testing.assert_array_equal(seconds, [[1, 4], [2, 3]])


def test_medians_that_are_drawn_again():
    draws = bootstrap_medians(np.array([1.0, 2.0, 9.0]), 3000, np.random.default_rng(0))
    assert set(draws) == {1.0, 2.0, 9.0}
    assert (draws == 2).mean() == pytest.approx(13 / 27, abs=0.04)  # not two or three 1s, nor two or three 9s
