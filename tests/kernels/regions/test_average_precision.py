"""Matching and precision: compiled against reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference.regions import average_precision as reference

FEW = settings(max_examples=40, deadline=None)


def groups(rng, many):
    """Return arguments of ``match``: overlaps with ties, crowds, objects that do not count, groups without either."""
    detections, truths = rng.integers(0, 6, (2, many))
    pairs = detections * truths
    ious = rng.integers(0, 11, pairs.sum()) / 10
    first_pair = np.cumsum(pairs) - pairs
    crowd = rng.random(truths.sum()) < 0.2
    ignored = (rng.random((3, truths.sum())) < 0.3) | crowd
    outside = rng.random((3, detections.sum())) < 0.3
    firsts = [np.append(0, np.cumsum(numbers)) for numbers in (detections, truths)]
    return *firsts, first_pair, ious, crowd, ignored, outside, np.array([0.3, 0.5, 1 - 1e-10])


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    assert kernels.average_precision.match is not reference.match
    assert kernels.average_precision.precision_at is not reference.precision_at


@FEW
@given(st.integers(0, 9), st.integers(0, 999))
def test_match(many, seed):
    args = groups(np.random.default_rng(seed), many)
    states = kernels.average_precision.match(*args)
    np.testing.assert_array_equal(states, reference.match(*args))
    assert states.dtype == np.uint8


@FEW
@given(st.integers(0, 40), st.integers(0, 999))
def test_precision_at(many, seed):
    rng = np.random.default_rng(seed)
    classes = np.sort(rng.integers(0, 3, many))
    order = np.lexsort((rng.random(many), classes))
    first = np.searchsorted(classes, np.arange(4))
    rank, states = rng.integers(0, 6, many), rng.integers(0, 3, (2, 4, many)).astype(np.uint8)
    needed = np.sort(rng.integers(0, 9, (3, 2, 7)))
    args = order, first, rank, states, np.array([1, 3, 100]), needed
    for one, other in zip(kernels.average_precision.precision_at(*args), reference.precision_at(*args), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-15, strict=True)


@pytest.mark.parametrize("module", [kernels.average_precision, reference])
def test_match_by_hand(module):
    """One object that counts, one that does not: the first detection prefers the former, though it overlaps less."""
    states = module.match(
        np.array([0, 3]), np.array([0, 2]), np.array([0]), np.array([0.6, 0.9, 0.6, 0.9, 0.6, 0.9]), np.zeros(2, bool),
        np.array([[False, True]]), np.zeros((1, 3), bool), np.array([0.5]),
    )  # fmt: skip
    assert states.tolist() == [[[reference.RIGHT, reference.IGNORED, reference.WRONG]]]
