"""Unpooling kernels: compiled against reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import pool as reference_pool
from minidet.kernels.reference import unpool as reference

from .test_pool import assert_thread_independent

FEW = settings(max_examples=30, deadline=None)
SHAPE = st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    assert kernels.unpool.max_unpool2d is not reference.max_unpool2d
    assert kernels.unpool.max_unpool2d_grad is not reference.max_unpool2d_grad


@FEW
@given(SHAPE, st.tuples(st.integers(1, 9), st.integers(1, 9)), st.sampled_from(["f", "d"]), st.integers(0, 999))
def test_max_unpool2d(shape, output_size, dtype, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(dtype)
    indices = rng.integers(0, output_size[0] * output_size[1], shape)  # most of them share a position with another
    actual = kernels.unpool.max_unpool2d(x, indices, output_size)
    np.testing.assert_array_equal(actual, reference.max_unpool2d(x, indices, output_size))
    assert actual.dtype == dtype
    assert actual.shape == (*shape[:2], *output_size)
    grad = rng.standard_normal(actual.shape).astype(dtype)
    expected = reference.max_unpool2d_grad(grad, indices)
    np.testing.assert_array_equal(kernels.unpool.max_unpool2d_grad(grad, indices), expected)


@pytest.mark.parametrize("module", [kernels.unpool, reference])
def test_the_last_of_equal_positions_stays(module):
    out = module.max_unpool2d(np.array([[[[1.0, 2.0, 3.0]]]]), np.array([[[[4, 4, 0]]]]), (2, 3))
    np.testing.assert_array_equal(out[0, 0], [[3, 0, 0], [0, 2, 0]])


def test_unpooling_puts_pooled_values_back():
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 8))
    values, indices = reference_pool.max_pool2d(x, (2, 2), (2, 2), (0, 0), (1, 1), (3, 4))
    out = kernels.unpool.max_unpool2d(values, indices, (6, 8))
    np.testing.assert_array_equal(out[out != 0], x[out != 0])
    assert np.count_nonzero(out) == values.size


@FEW
@given(SHAPE, st.tuples(st.integers(1, 3), st.integers(1, 3)), st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_bed_of_nails2d(shape, stride, extra):
    (h, w), (sh, sw) = shape[2:], stride
    size = (h - 1) * sh + 1 + extra[0], (w - 1) * sw + 1 + extra[1]
    x = np.random.default_rng(0).standard_normal(shape)
    expected = np.zeros((*shape[:2], *size))
    for i in range(h):
        for j in range(w):
            expected[:, :, i * sh, j * sw] = x[:, :, i, j]
    out = kernels.unpool.bed_of_nails2d(x, stride, size)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(kernels.unpool.bed_of_nails2d_grad(out, stride, (h, w)), x)


def test_results_do_not_depend_on_the_number_of_threads():
    rng = np.random.default_rng(2)
    x, indices = rng.standard_normal((3, 5, 7, 9)), rng.integers(0, 100, (3, 5, 7, 9))

    def run():
        out = kernels.unpool.max_unpool2d(x, indices, (10, 10))
        return out, kernels.unpool.max_unpool2d_grad(out, indices)

    assert_thread_independent(run)
