"""Hard negatives: how many, which, and never a positive."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minidet import ops


def mined(loss, labels, *options):
    found = ops.hard_negative_mining(np.array(loss, np.float32), np.array(labels), *options)
    assert found.dtype == bool
    return [np.flatnonzero(row).tolist() for row in found.numpy()]


def test_three_for_each_positive_of_the_same_image():
    loss = [[9, 1, 2, 3, 4, 5], [9, 8, 7, 6, 5, 4], [1, 2, 3, 4, 5, 6]]
    labels = [[7, 0, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]
    assert mined(loss, labels) == [[3, 4, 5], [2, 3, 4, 5], []], "the second has no more, the third no positive"


def test_an_image_without_positives_has_negatives_only_if_asked_for():
    loss, labels = [[1, 3, 2, 3]], [[0, 0, 0, 0]]
    assert mined(loss, labels, 3.0) == [[]]
    assert mined(loss, labels, 3.0, 2) == [[1, 3]]
    assert mined(loss, labels, 3.0, 99) == [[0, 1, 2, 3]]


def test_of_equal_losses_the_first_is_taken():
    assert mined([[2, 5, 5, 5, 5, 1]], [[3, 0, 0, 0, 0, 0]], 2) == [[1, 2]]


def test_what_is_neither_is_never_chosen():
    assert mined([[9, 8, 7, 6]], [[1, -1, -2, 0]]) == [[3]]


def test_a_share_of_a_negative_is_none_and_infinity_is_the_hardest():
    assert mined([[1, 2, np.inf, 4]], [[1, 0, 0, 0]], 1.9) == [[2]]
    assert mined([[1, 2, 3, 4]], [[1, 0, 0, 0]], 0) == [[]]


@given(st.integers(0, 2**32 - 1))
def test_invariants(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(0, 4), rng.integers(0, 9)
    loss, labels = rng.integers(0, 4, shape).astype(float), rng.integers(-1, 3, shape)
    found = ops.hard_negative_mining(loss, labels, 1.5, 1).numpy()
    assert not (found & (labels != 0)).any()
    for row, values, marks in zip(found, loss, labels, strict=True):
        wanted = max(int(1.5 * (marks > 0).sum()), 1)
        assert row.sum() == min(wanted, (marks == 0).sum())
        left = values[(marks == 0) & ~row]
        assert values[row].min(initial=np.inf) >= left.max(initial=-np.inf)
