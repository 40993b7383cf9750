"""The walk over what a student returned, against NumPy; and many random values through all of the judging."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minidet.grading.scoring.student_values import as_floats, shape_of, too_large


@pytest.mark.parametrize("value", [
    3, 2.5, True, np.float32(1), [], [[]], [[], []], [1, 2.5, True], ((1, 2), [3, 4]), [np.zeros(3), [1, 2, 3]],
    [np.float32(1), 2], np.zeros((0, 3)), [np.zeros((2, 3))] * 4, [[[1]]], np.array([True]), np.asfortranarray(np.ones((2, 3))),
])  # fmt: skip
def test_shapes_are_those_that_numpy_finds(value):
    array = np.asarray(value)
    assert shape_of(value) == array.shape
    np.testing.assert_array_equal(as_floats(value, array.shape), array.astype(np.float64), strict=True)


@pytest.mark.parametrize("value", [
    None, "a", [1, "a"], [1, [2]], [[1, 2], [3]], [[1], 2], {"a": 1}, {1, 2}, 1j, [1, None], np.zeros(2, "c8"), np.zeros(2, "O"),
    np.zeros(2, "M8[s]"), np.array("a"), range(3), [np.zeros(2), np.zeros(3)],
])  # fmt: skip
def test_what_is_no_array_of_numbers_has_no_shape(value):
    assert shape_of(value) is None


def test_numbers_that_no_float_holds_are_no_array():
    assert shape_of([10**400]) == (1,)
    assert as_floats([10**400], (1,)) is None


@pytest.mark.parametrize(("value", "large"), [
    (["a" * 1000] * 1000, False), (["a" * 1_000_000] + [""] * 2000, True), ({"a": ("a" * 1_000_000, [""] * 2000)}, True),
    ("a" * 5_000_000, False), (np.broadcast_to(0, (10**4, 10**4)), True), ([np.zeros(10**6)] * 9, True), (np.zeros(10**6), False),
    (None, False), ({1, 2}, False),
])  # fmt: skip
def test_what_would_become_far_larger_is_too_large(value, large):
    assert too_large(value) == large


@pytest.mark.slow
def test_random_values_are_judged():
    """``python -m tests.grading.fuzz`` with few values: no exception, and no more memory than half a gigabyte."""
    command = [sys.executable, "-m", "tests.grading.fuzz", "--count", "2000", "--seed", "3"]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("2000 values judged")
