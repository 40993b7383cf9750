"""Features of regions: compiled against reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference.regions import roi as reference

from ..test_pool import assert_thread_independent


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    for name in ("roi_pool", "roi_pool_grad", "roi_align", "roi_align_grad"):
        assert getattr(kernels.roi, name) is not getattr(reference, name)


def drawn(seed, shape, regions, dtype):
    """Draw a batch and regions, many of whose corners are whole or half, or outside."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-6, max(shape[2:]) + 6, (regions, 4))
    corners = np.where(rng.random((regions, 4)) < 0.5, np.round(2 * corners) / 2, corners)
    corners[:, 2:] = np.where(
        rng.random((regions, 1)) < 0.8, np.maximum(corners[:, :2], corners[:, 2:]), corners[:, 2:]
    )
    rois = np.concatenate([rng.integers(0, max(shape[0], 1), (regions, 1)), corners], 1)
    return rng.normal(0, 1, shape).astype(dtype), rois.astype(dtype)


# one channel, more than 32, and just 32: loops of known and of unknown length
SHAPES = st.tuples(st.integers(1, 3), st.sampled_from([0, 1, 3, 32, 35]), st.integers(1, 7), st.integers(1, 7))
CALLS = given(SHAPES, st.integers(0, 5), st.sampled_from([(1, 1), (2, 3), (4, 1)]), st.sampled_from([1.0, 0.5, 0.3]),
              st.sampled_from(["f", "d"]), st.sampled_from([-1, 1, 3]), st.booleans(), st.integers(0, 999))  # fmt: skip
FEW = settings(max_examples=40, deadline=None)


@FEW
@CALLS
def test_roi_align(shape, regions, size, scale, dtype, ratio, aligned, seed):
    x, rois = drawn(seed, shape, regions, dtype)
    tolerance = (1e-4, 1e-5) if dtype == "f" else (1e-10, 1e-12)
    found = kernels.roi.roi_align(x, rois, scale, size, ratio, aligned)
    expected = reference.roi_align(x, rois, scale, size, ratio, aligned)
    np.testing.assert_allclose(found, expected, *tolerance, strict=True)
    grad = np.random.default_rng(seed).normal(0, 1, found.shape).astype(dtype)
    found = kernels.roi.roi_align_grad(grad, rois, scale, ratio, aligned, shape)
    expected = reference.roi_align_grad(grad, rois, scale, ratio, aligned, shape)
    np.testing.assert_allclose(found, expected, *tolerance, strict=True)


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_samples_on_the_border_count_as_in_the_twin(dtype):
    """Whole boxes around a map of one cell, 7 bins of 5 samples: many lie just on its border, or a rounding behind it."""
    sides = [(low, high) for low in range(-4, 3) for high in range(low, 7)]
    rois = np.array([(0, first[0], second[0], first[1], second[1])
                     for first, second in zip(sides, sides[::-1], strict=True)], dtype)  # fmt: skip
    x = np.ones((1, 1, 1, 1), dtype)
    for aligned in (False, True):
        found = kernels.roi.roi_align(x, rois, 1.0, (7, 7), 5, aligned)
        np.testing.assert_allclose(found, reference.roi_align(x, rois, 1.0, (7, 7), 5, aligned), 1e-5, 1e-6)


@FEW
@CALLS
def test_roi_pool(shape, regions, size, scale, dtype, ratio, whole, seed):
    x, rois = drawn(seed, shape, regions, dtype)
    x = np.round(x * ratio) if whole else x  # ties
    x[np.random.default_rng(seed).random(shape) < 0.05] = np.nan
    values, indices = kernels.roi.roi_pool(x, rois, scale, size)
    expected, at = reference.roi_pool(x, rois, scale, size)
    np.testing.assert_array_equal(values, expected, strict=True)
    np.testing.assert_array_equal(indices, at, strict=True)
    for module in (kernels.roi, reference):
        alone, nothing = module.roi_pool(x, rois, scale, size, with_indices=False)
        np.testing.assert_array_equal(alone, expected, strict=True)
        assert nothing is None
    grad = np.random.default_rng(seed).normal(0, 1, values.shape).astype(dtype)
    found = kernels.roi.roi_pool_grad(grad, rois, indices, shape)
    np.testing.assert_allclose(found, reference.roi_pool_grad(grad, rois, at, shape), 1e-4, 1e-5, strict=True)


def test_results_do_not_depend_on_the_number_of_threads():
    x, rois = drawn(2, (2, 70, 9, 8), 20, "f")

    def run():
        aligned = kernels.roi.roi_align(x, rois, 0.7, (3, 2), -1, True)
        values, indices = kernels.roi.roi_pool(x, rois, 0.7, (3, 2))
        return (
            aligned,
            kernels.roi.roi_align_grad(aligned, rois, 0.7, -1, True, x.shape),
            values,
            kernels.roi.roi_pool_grad(values, rois, indices, x.shape),
        )

    assert_thread_independent(run)
