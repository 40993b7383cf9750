"""Resizing kernels: compiled against reference, and both against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import upsample as reference

from .test_pool import assert_close, assert_thread_independent

FEW = settings(max_examples=30, deadline=None)
SHAPE = st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))
SIZE = st.tuples(st.integers(1, 12), st.integers(1, 12))


def scales_of(shape, size, aligned):
    """Return input pixels per output pixel."""
    if aligned:
        return tuple((i - 1) / (o - 1) if o > 1 else 0.0 for i, o in zip(shape[2:], size, strict=True))
    return tuple(i / o for i, o in zip(shape[2:], size, strict=True))


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    for name in ("nearest", "nearest_grad", "bilinear", "bilinear_grad"):
        assert getattr(kernels.upsample, name) is not getattr(reference, name)


@FEW
@given(SHAPE, SIZE, st.sampled_from(["f", "d"]), st.integers(0, 999))
def test_nearest(shape, size, dtype, seed):
    rng = np.random.default_rng(seed)
    x, scales = rng.standard_normal(shape).astype(dtype), scales_of(shape, size, False)
    actual = kernels.upsample.nearest(x, size, scales)
    np.testing.assert_array_equal(actual, reference.nearest(x, size, scales))
    grad = rng.standard_normal(actual.shape).astype(dtype)
    expected = reference.nearest_grad(grad, shape[2:], scales)
    assert_close(kernels.upsample.nearest_grad(grad, shape[2:], scales), expected)


@FEW
@given(SHAPE, SIZE, st.sampled_from(["f", "d"]), st.booleans(), st.integers(0, 999))
def test_bilinear(shape, size, dtype, aligned, seed):
    rng = np.random.default_rng(seed)
    x, scales = rng.standard_normal(shape).astype(dtype), scales_of(shape, size, aligned)
    actual = kernels.upsample.bilinear(x, size, scales, aligned)
    assert_close(actual, reference.bilinear(x, size, scales, aligned))
    grad = rng.standard_normal(actual.shape).astype(dtype)
    expected = reference.bilinear_grad(grad, shape[2:], scales, aligned)
    assert_close(kernels.upsample.bilinear_grad(grad, shape[2:], scales, aligned), expected)


@pytest.mark.parametrize("module", [kernels.upsample, reference])
def test_bilinear_by_hand(module):
    x = np.array([[[[0.0, 4.0]]]])
    np.testing.assert_array_equal(module.bilinear(x, (1, 4), (1.0, 0.5), False)[0, 0], [[0, 1, 3, 4]])
    np.testing.assert_array_equal(module.bilinear(x, (1, 5), (0.0, 0.25), True)[0, 0], [[0, 1, 2, 3, 4]])


@pytest.mark.parametrize("size", [(13, 22), (4, 5)])
def test_bilinear_against_scipy(size):
    x = np.random.default_rng(0).standard_normal((1, 1, 7, 9))
    scales = scales_of(x.shape, size, True)
    grid = np.meshgrid(*(np.arange(o) * s for o, s in zip(size, scales, strict=True)), indexing="ij")
    expected = ndimage.map_coordinates(x[0, 0], grid, order=1, mode="nearest")
    np.testing.assert_allclose(kernels.upsample.bilinear(x, size, scales, True)[0, 0], expected, atol=1e-12)


def test_a_nan_reaches_its_neighbours_only():
    x = np.ones((1, 1, 6, 6))
    x[0, 0, 0, 0] = np.nan
    out = kernels.upsample.bilinear(x, (12, 12), (0.5, 0.5), False)
    assert np.isnan(out[0, 0, :3, :3]).all()
    assert np.isfinite(out[0, 0, 4:, 4:]).all()


def test_results_do_not_depend_on_the_number_of_threads():
    x = np.random.default_rng(2).standard_normal((3, 5, 7, 9)).astype(np.float32)

    def run():
        wide = kernels.upsample.bilinear(x, (15, 20), (7 / 15, 9 / 20), False)
        back = kernels.upsample.bilinear_grad(wide, (7, 9), (7 / 15, 9 / 20), False)
        near = kernels.upsample.nearest(x, (15, 20), (7 / 15, 9 / 20))
        return wide, back, near, kernels.upsample.nearest_grad(near, (7, 9), (7 / 15, 9 / 20))

    assert_thread_independent(run)
