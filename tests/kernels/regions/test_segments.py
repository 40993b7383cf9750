"""Segments: compiled against reference, and against SciPy and scikit-image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference.regions import segments as reference

FEW = settings(max_examples=30, deadline=None)
SIZE = st.tuples(st.integers(1, 12), st.integers(1, 12))


def image(seed, size, channels, levels):
    """Draw an image with ``levels`` different values: few of them make equal edges."""
    return np.random.default_rng(seed).integers(0, levels, (channels, *size)) / levels


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    for name in ("edge_weights", "segment", "sort_edges"):
        assert getattr(kernels.segments, name) is not getattr(reference, name)


@FEW
@given(SIZE, st.integers(1, 3), st.sampled_from([2, 5, 10**6]), st.integers(0, 999))
def test_edges(size, channels, levels, seed):
    x = image(seed, size, channels, levels)
    weights = kernels.segments.edge_weights(x)
    np.testing.assert_allclose(weights, reference.edge_weights(x), rtol=1e-6, strict=True)
    actual, expected = kernels.segments.sort_edges(weights), reference.sort_edges(weights)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


@FEW
@given(
    SIZE, st.sampled_from([2, 5, 10**6]), st.sampled_from([0.0, 0.2, 1.0, 9.0]), st.integers(0, 9), st.integers(0, 9)
)
def test_segment(size, levels, scale, min_size, seed):
    edges = reference.sort_edges(reference.edge_weights(image(seed, size, 3, levels)))
    labels, count = kernels.segments.segment(*edges, size, scale, min_size)
    expected, expected_count = reference.segment(*edges, size, scale, min_size)
    np.testing.assert_array_equal(labels, expected, strict=True)
    assert count == expected_count == labels.max() + 1
    smallest = np.bincount(labels.ravel()).min()
    assert smallest >= min_size or count == 1


def test_a_sort_of_every_exponent():
    """Weights from the smallest float to infinity: all three digits of the keys differ."""
    weights = np.random.default_rng(0).permutation(np.geomspace(1e-45, 3e38, 5000)).astype(np.float32)
    weights[::7], weights[::11] = 0, np.inf
    sorted_weights, order = kernels.segments.sort_edges(weights.reshape(4, 25, 50))
    np.testing.assert_array_equal(order, np.argsort(weights, kind="stable"))
    np.testing.assert_array_equal(sorted_weights, np.sort(weights))
