"""Stages of calls: their files, which parts count, and how each kind of result is shown."""

import numpy as np
import pytest

from minidet import nn, tensor
from minidet.viz.explain import Bars, Picture, record, source_of, stages_of
from minidet.viz.explain.stage import pictures_of


def test_the_file_that_computes_it():
    assert source_of(nn.Conv2d(1, 1, 1)) == "minidet/nn/layers/conv.py: Conv2d"
    assert source_of(nn.Linear.forward) == "minidet/nn/layers/linear.py: Linear.forward"
    assert source_of(pictures_of) == "minidet/viz/explain/stage.py: pictures_of"
    assert source_of(3) == "int"
    assert source_of(np.random.default_rng()) == "Generator"


def test_layers_in_a_row_count_one_by_one_and_an_identity_does_not():
    model = nn.Sequential(nn.Identity(), nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()), nn.Flatten())
    calls, _ = record(model, lambda: model(tensor(np.ones((1, 3, 5, 6), np.float32))))
    stages = stages_of(calls[0])
    assert [stage.title for stage in stages] == ["1.0: Conv2d", "1.1: ReLU", "2: Flatten"]
    assert [stage.gives for stage in stages] == ["(1, 4, 5, 6)", "(1, 4, 5, 6)", "(1, 120)"]
    assert stages[0].source == "minidet/nn/layers/conv.py: Conv2d"
    assert [len(stage.pictures) for stage in stages] == [2, 2, 1]


@pytest.mark.parametrize(
    ("shape", "kinds", "words"),
    [
        ((2, 16, 4, 6), [Picture, Picture], "the first 12 of 16 channels"),
        ((1, 3, 4, 6), [Picture, Picture], "all channels (3)"),
        ((1, 5), [Bars], "0 to 4"),
        ((3,), [Bars], "0 to 2"),
        ((1, 8, 1, 1), [Bars], "0 to 7"),
        ((1, 100), [Picture], "100 numbers"),
        ((9, 4), [Picture], "9 rows of 4 numbers"),
        ((9, 3, 2, 2), [Picture, Picture], "2 x 2"),
        ((0, 4), [], ""),
        ((2, 16, 0, 6), [], ""),
    ],
)
def test_results_are_shown_by_their_shape(shape, kinds, words):
    shown = pictures_of(np.arange(np.prod(shape, dtype=int)).reshape(shape))
    assert [type(item) for item in shown] == kinds
    assert words in " ".join(item.caption for item in shown)


def test_names_of_classes_with_and_without_the_background():
    classes = ["background", "cat", "dog"]
    for count, names in ((3, classes), (2, classes[1:]), (1, ["0"])):
        assert pictures_of(np.zeros((1, count)), classes=classes)[0].names == names


def test_what_is_not_finite_is_shown_too():
    assert len(pictures_of(np.full((1, 2, 3, 3), np.nan))) == 2
    assert pictures_of(np.array([[np.inf, 1.0]]))[0].values == [np.inf, 1.0]
