"""Pictures beside the bars of their classes."""

import io

import numpy as np
import pytest

from minidet.viz import plot_classes

IMAGES = [np.zeros((3, 8, 8), np.float32), np.ones((3, 6, 9), np.float32)]
SHARES = np.array([[0.1, 0.7, 0.2], [0.8, 0.0, 0.2]])
NAMES = ["ant", "b$e$e", "$cat"]


def bars(ax):
    return [patch.get_width() for patch in ax.patches]


def test_the_likeliest_come_first():
    figure = plot_classes(IMAGES, SHARES, NAMES, 2, ["one.png", "$ two.png"])
    left, right, lower_left, lower_right = figure.axes
    assert bars(right) == [0.7, 0.2]
    assert bars(lower_right) == [0.8, 0.2]
    assert [label.get_text() for label in right.get_yticklabels()] == ["b$e$e", "$cat"]
    assert [label.get_text() for label in lower_right.get_yticklabels()] == ["ant", "$cat"]
    assert [text.get_text() for text in right.texts] == ["70.0%", "20.0%"]
    assert [ax.get_title() for ax in (left, lower_left)] == ["one.png", "$ two.png"]
    assert left.images[0].get_array().max() == 0
    assert lower_left.images[0].get_array().min() == 255
    figure.savefig(io.BytesIO(), format="png")  # dollars are no formulas


def test_one_picture_and_more_classes_than_usual():
    figure = plot_classes(IMAGES[:1], np.full((1, 40), 1 / 40), [str(k) for k in range(40)], 40)
    assert len(bars(figure.axes[1])) == 40
    assert figure.get_size_inches()[1] > 10


@pytest.mark.parametrize(("arguments", "words"), [
    (([], SHARES[:0], NAMES), "images is a list, expected one image or more"),
    ((IMAGES, SHARES[0], NAMES), r"probabilities has shape \(3,\), expected \(2, K\)"),
    ((IMAGES, SHARES[:1], NAMES), r"probabilities has shape \(1, 3\), expected \(2, K\): there are 2 images"),
    ((IMAGES, SHARES + 1, NAMES), r"probabilities contains 1.1, expected numbers in \[0, 1\]"),
    ((IMAGES, SHARES * np.nan, NAMES), r"probabilities contains nan, expected numbers in \[0, 1\]"),
    ((IMAGES, SHARES, NAMES[:2]), "class_names has 2 names, expected 3"),
    ((IMAGES, SHARES, NAMES, 4), "top is 4, expected an integer <= 3"),
    ((IMAGES, SHARES, NAMES, 2, ["a"]), "titles has 1 names, expected 2"),
])  # fmt: skip
def test_bad_arguments(arguments, words):
    with pytest.raises((ValueError, TypeError), match=f"plot_classes: {words}"):
        plot_classes(*arguments)
