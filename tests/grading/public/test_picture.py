"""The picture of a wrong result."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from minidet.grading.assignments.assignment import Call
from minidet.grading.public.picture import draw, in_notebook, worst_planes


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def call(expected, **fields):
    return Call("f", (), expected=expected, picture=True, **fields)


def titles(figure):
    return [ax.get_title() for ax in figure.axes if ax.get_title()]


def test_the_plane_with_the_largest_error_is_drawn(rng):
    expected = rng.standard_normal((2, 3, 4, 5))
    got = expected.copy()
    got[1, 2, 0, 0] += 5
    got[0, 1, 0, 0] -= 1
    figure = draw(got, call(expected))
    assert titles(figure) == ["expected f[1, 2]", "yours", "yours - expected"]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), got[1, 2])
    assert figure.axes[2].images[0].get_clim() == pytest.approx((-5, 5))
    assert figure.axes[0].images[0].get_clim() == figure.axes[1].images[0].get_clim()
    assert figure.patch.get_alpha() == 0, "for light and dark pages"


def test_few_numbers_are_written_many_are_not(rng):
    few = draw(np.eye(3), call(np.ones((3, 3))))
    assert [text.get_text() for text in few.axes[1].texts] == ["1", "0", "0", "0", "1", "0", "0", "0", "1"]
    assert not draw(np.eye(9), call(np.ones((9, 9)))).axes[1].texts


def test_what_rounding_leaves_is_no_difference():
    expected = np.array([[0.3, 7.0], [np.nan, 2.0]])
    wrong = np.array([[0.1 + 0.2 - 0.3, 0.0], [0.0, 0.5]])
    figure = draw(expected + wrong, Call("f", (), expected=expected))
    written = [text.get_text() for text in figure.axes[2].texts]
    assert written == ["0", "0", "nan", "0.5"]


def test_another_shape_has_no_difference(rng):
    figure = draw(rng.standard_normal((3, 3)), call(rng.standard_normal((4, 4))))
    assert titles(figure) == ["expected f", "yours"]


def test_of_a_tuple_the_worst_result_is_drawn(rng):
    expected = (rng.standard_normal((3, 3)), rng.standard_normal((2, 2)), 3.0)
    got = [expected[0], expected[1] + 1, None]
    assert titles(draw(got, call(expected, names=("dx", "dw"))))[0] == "expected dw"


@pytest.mark.parametrize("got, expected", [
    (None, np.ones((3, 3))), ("x", np.ones((3, 3))), (np.ones(3), np.zeros(3)), (3.0, 4.0), (np.ones((2, 2)), "x"),
    (np.ones((2, 2)), np.ones((2, 2))), (np.ones((2, 2, 2)), np.ones((2, 2))), (np.zeros((0, 2)), np.ones((2, 2))),
    ([[1], [2, 3]], np.ones((2, 2))),
])  # fmt: skip
def test_what_cannot_be_drawn_is_not(got, expected):
    assert worst_planes(got, expected) is None
    assert draw(got, call(expected)) is None


def test_nan_is_the_worst_error():
    got = np.ones((2, 3, 3))
    got[1, 1, 1] = np.nan
    got[0, 0, 0] = 1e9
    number, index, *_ = worst_planes(got, np.ones((2, 3, 3)))
    assert (number, index) == (0, (1,))
    assert draw(got, call(np.ones((2, 3, 3)))) is not None


def test_this_is_no_notebook():
    assert not in_notebook()
