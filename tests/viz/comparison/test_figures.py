"""The three figures of a comparison: what they draw stands where the record says."""

import numpy as np
import pytest

from minidet.viz.comparison import draw_errors, draw_precision_recall, draw_speed
from minidet.viz.comparison.table import KINDS

from .records import interval, model, record


@pytest.fixture
def models():
    return record()["models"]


def test_speed_against_accuracy(models):
    ax = draw_speed(models)
    points = [container.lines[0].get_xydata()[0].tolist() for container in ax.containers]
    assert points == [[20.0, 0.8], [45.0, 0.7]]
    assert [text.get_text() for text in ax.texts] == ["Faster R-CNN", "SSD"]
    (segment,) = ax.containers[1].lines[2][1].get_segments()  # AP50's
    np.testing.assert_allclose(segment, [[45, 0.68], [45, 0.73]])
    assert ax.get_xlim()[1] > 45
    ax.figure.draw_without_rendering()
    assert {label.get_text() for label in ax.get_xticklabels()} == {"15", "20", "30", "50"}


def test_kinds_of_mistakes(models):
    ax = draw_errors(models)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(KINDS)
    assert [[bar.get_width() for bar in bars] for bars in ax.containers] == [list(range(8))] * 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Faster R-CNN", "SSD"]


def test_precision_and_recall(models):
    ax = draw_precision_recall(models, record()["recall"])
    np.testing.assert_allclose([line.get_ydata()[-1] for line in ax.lines], [0.8, 0.7])
    assert len({line.get_linestyle() for line in ax.lines}) == 2  # told apart without colours


def test_what_is_not_a_number_is_left_out():
    nothing = model("ssd", "SSD", 0.5, 20.0) | {"ap50": interval(None, None, None), "precision": [None] * 101}
    ax = draw_speed([nothing, model("yolo", "YOLO", 0.5, 30.0)])
    ax.figure.canvas.draw()
    assert np.isnan(draw_precision_recall([nothing], record()["recall"]).lines[0].get_ydata()).all()


def test_axes_that_are_given_are_used(models):
    from minidet.viz import subplots

    _, ax = subplots()
    assert draw_errors(models, ax) is ax
    with pytest.raises(TypeError, match="draw_speed: ax"):
        draw_speed(models, 3)
