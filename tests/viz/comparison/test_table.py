"""Figures as cells."""

import pytest

from minidet.viz.comparison.table import between, cells, error_cells, large

from .records import interval, model, record


def test_a_row_for_each_detector():
    assert cells(record()["models"])[0] == [
        "Faster R-CNN", "0.800 (0.780 to 0.830)", "0.400", "20 (18 to 22)", "1.25", "1.23 M", "2.5 G",
    ]  # fmt: skip
    assert error_cells(record()["models"])[1] == ["SSD", "0", "1", "2", "3", "4", "5", "6", "7"]


def test_what_is_not_a_number():
    assert between(interval(None, None, None), "{:.3f}") == "- (- to -)"
    assert cells([model("ssd", "SSD", 0.5, 1.0) | {"ap": None}])[0][2] == "-"


@pytest.mark.parametrize(("value", "words"), [(7, "7"), (1234, "1.23 k"), (5e6, "5 M"), (1.5e9, "1.5 G")])
def test_large_numbers(value, words):
    assert large(value) == words
