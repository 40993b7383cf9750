"""Suppression: compiled against reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference.regions import nms as reference


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    assert kernels.nms.nms is not reference.nms
    assert kernels.nms.soft_nms is not reference.soft_nms


def drawn(seed, count, whole, side=12):
    """Draw boxes, of whole numbers (many ties), or of any."""
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(-side, side, (count, 2)), rng.uniform(0, side, (count, 2))
    boxes = np.concatenate([corner, corner + size], 1)
    return np.round(boxes) if whole else boxes


@given(
    st.integers(0, 999),
    st.lists(st.sampled_from([0, 1, 2, 5, 40]), max_size=4),
    st.booleans(),
    st.sampled_from([0, 0.1, 1 / 3, 0.5, 0.7, 1]),
)
def test_nms(seed, sizes, whole, threshold):
    ends = np.cumsum(sizes, dtype=np.int64)
    boxes = drawn(seed, sum(sizes), whole)
    expected = reference.nms(boxes, ends, threshold)
    np.testing.assert_array_equal(kernels.nms.nms(boxes, ends, threshold), expected, strict=True)


def test_more_boxes_than_are_compared_at_once():
    boxes, ends = drawn(0, 700, True, side=60), np.array([300, 700])
    expected = reference.nms(boxes, ends, 0.4)
    assert 150 < expected[:300].sum() < 300, "several blocks are kept, and something is dropped"
    np.testing.assert_array_equal(kernels.nms.nms(boxes, ends, 0.4), expected)


@given(st.integers(0, 999), st.integers(0, 30), st.booleans(), st.booleans(), st.sampled_from([0, 0.05, 0.4]))
def test_soft_nms(seed, count, whole, gaussian, lowest):
    boxes = drawn(seed, count, whole)
    scores = np.random.default_rng(seed).permutation(count) / 32 + 0.01
    order, lowered = kernels.nms.soft_nms(boxes, scores, 0.3, 0.5, lowest, gaussian)
    expected = reference.soft_nms(boxes, scores, 0.3, 0.5, lowest, gaussian)
    np.testing.assert_array_equal(order, expected[0], strict=True)
    np.testing.assert_allclose(lowered, expected[1], 1e-12, strict=True)
