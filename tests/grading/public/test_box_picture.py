"""The picture of wrong boxes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color

from minidet.grading.assignments.assignment import Call
from minidet.grading.public.box_picture import draw_boxes, find_boxes
from minidet.grading.public.picture import draw
from minidet.viz.page import BLUE, ORANGE

RIGHT = np.array([[2.0, 3, 12, 9], [20, 4, 28, 18], [5, 12, 9, 20]])


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def call(expected=RIGHT, **fields):
    return Call("f", (), expected=expected, picture="boxes", **fields)


def coordinates(ax, mark):
    """Return the corners of the boxes that are drawn in one colour."""
    boxes = [p for p in ax.patches if same_color(p.get_edgecolor(), mark)]
    return [(p.get_x(), p.get_y(), p.get_x() + p.get_width(), p.get_y() + p.get_height()) for p in boxes]


def numbers(ax):
    return [text.get_text() for text in ax.texts]


def test_the_box_that_differs_has_another_colour_and_its_number():
    got = RIGHT.copy()
    got[1] += 2
    left, right = draw(got, call()).axes
    for ax, boxes in ((left, RIGHT), (right, got)):
        assert coordinates(ax, ORANGE) == [tuple(boxes[1])]
        assert coordinates(ax, BLUE) == [tuple(boxes[0]), tuple(boxes[2])]
        assert numbers(ax) == ["1"]
    assert left.get_title() == "expected f: 3 boxes, 1 different"
    assert right.get_title() == "yours: 3 boxes, 1 different"
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] > left.get_ylim()[1], "y points downwards"
    assert left.get_xlim()[0] < 2 < 30 < left.get_xlim()[1], "both sides fit into the limits"
    assert left.figure.patch.get_alpha() == 0, "for light and dark pages"


def test_errors_that_the_call_allows_are_none():
    assert draw_boxes(RIGHT + 1e-3, call(atol=1e-2)) is None
    assert draw_boxes(RIGHT + 1e-3, call(atol=1e-6)) is not None


def test_a_missing_box_does_not_make_those_after_it_different():
    left, right = draw(RIGHT[1:], call()).axes
    assert (numbers(left), numbers(right)) == (["0"], [])
    assert right.get_xlabel() == "all are also on the other side"


def test_the_same_boxes_in_another_order_differ():
    left, right = draw(RIGHT[[0, 2, 1]], call()).axes
    assert numbers(left) == numbers(right) == ["1", "2"]


def test_numbers_of_boxes_with_more_axes():
    expected = np.tile([0.0, 0, 4, 4], (2, 3, 1))
    got = expected.copy()
    got[1, 2, 3] = 5
    assert numbers(draw(got, call(expected)).axes[1]) == ["1, 2"]


def test_one_box_without_a_number():
    left, right = draw(RIGHT[0] + 1, call(RIGHT[0])).axes
    assert (left.get_title(), right.get_title()) == ("expected f: one box", "yours: one box")
    assert len(coordinates(right, ORANGE)) == 1
    assert numbers(right) == []


def test_no_area_is_a_point():
    got = np.array([[4.0, 4, 4, 4], [6, 2, 6, 9], [0, 0, 5, 5]])
    right = draw(got, call()).axes[1]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in right.lines] == [(4, 4), (6, 5.5)]


@pytest.mark.parametrize("got, words", [
    (np.zeros((0, 4)), "no boxes: the result is empty"),
    (np.zeros((3, 5)), "not drawn: its shape is (3, 5); of boxes, the last axis is 4"),
    ([], "not drawn: the result is empty, and its shape is (0,); of boxes, the last axis is 4"),
    (3.0, "not drawn: its shape is (); of boxes, the last axis is 4"),
    (None, "not drawn: no array of numbers"),
    ("text", "not drawn: no array of numbers"),
    ([[1, 2, 3, 4], [1]], "not drawn: no array of numbers"),
    (np.array([[0, 0, 1, np.nan], [0, 0, np.inf, 1]]), "2 of 2: NaN or infinity, not drawn"),
    (RIGHT[:, [2, 1, 0, 3]], "3 of 3: x2 < x1 or y2 < y1, dashed"),
])  # fmt: skip
def test_what_cannot_be_seen_is_said(got, words):
    left, right = draw(got, call()).axes
    assert right.get_xlabel() == words
    assert len(left.patches) == 3


def test_nothing_expected():
    left, right = draw(RIGHT, call(np.zeros((0, 4)))).axes
    assert left.get_xlabel() == "no boxes: the result is empty"
    assert numbers(right) == ["0", "1", "2"]
    assert draw(np.zeros((0, 4)), call(np.zeros((0, 4)))) is None
    assert draw("x", call(np.zeros((0, 4)))).axes[1].get_xlabel() == "not drawn: no array of numbers"


def test_nan_that_is_expected_is_no_difference():
    boxes = np.array([[0, 0, np.nan, 1], [0, 0, 1, 1]])
    assert draw_boxes(boxes, call(boxes)) is None


def test_a_box_far_away_leaves_the_others_visible():
    got = RIGHT.copy()
    got[0, 2] = 1e300
    figure = draw(got, call())
    assert figure.axes[1].get_xlim()[1] < 100
    assert figure.axes[1].get_xlabel() == "1 of 3: reaches beyond the picture"
    figure.canvas.draw()


def test_many_boxes():
    expected = np.tile([0.0, 0, 5, 5], (300, 1))
    left, _ = draw(expected + 1, call(expected)).axes
    assert (len(left.patches), len(left.texts)) == (200, 20)
    assert left.get_xlabel() == "only the first 200 are drawn"


def test_of_a_tuple_or_a_dict_the_first_boxes_are_taken():
    expected = (np.ones(3), RIGHT, np.ones((2, 4)))
    left, right = draw([None, RIGHT + 1], call(expected, names=("scores", "boxes"))).axes
    assert left.get_title().startswith("expected boxes: 3")
    assert numbers(right) == ["0", "1", "2"]
    expected = {"labels": np.ones(3), "boxes": RIGHT}
    assert draw({"boxes": RIGHT + 1}, call(expected)).axes[0].get_title().startswith("expected boxes: 3")
    for got in ({}, 3, (RIGHT,)):
        assert draw(got, call(expected)).axes[1].get_xlabel() == "not drawn: no array of numbers"
    assert draw((np.ones(3),), call((np.ones(3), RIGHT))).axes[1].get_xlabel() == "not drawn: no array of numbers"


def test_without_wrong_boxes_planes_are_drawn():
    assert find_boxes((np.ones(3), None, "x")) is None
    plane = np.ones((2, 3))
    assert draw_boxes(plane + 1, call(plane)) is None
    assert [ax.get_title() for ax in draw(plane + 1, call(plane)).axes][:2] == ["expected f", "yours"]
    both = draw((RIGHT, plane + 1), call((RIGHT, plane), names=("boxes", "masks")))
    assert both.axes[0].get_title() == "expected masks"


def test_an_unknown_picture_is_refused():
    with pytest.raises(ValueError, match="picture is 'box', expected True, False or 'boxes'"):
        Call("f", (), picture="box")
