"""Pooling kernels: compiled against reference, and both against SciPy's filters."""

import itertools

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import pool as reference
from minidet.kernels.reference import pool_values as reference_values

FEW = settings(max_examples=30, deadline=None)
AXIS = st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(1, 2))


def image(data, shape, dtype, nan=False):
    """Return an image of few different values, so that windows hold ties; now and then a NaN or an infinity."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = rng.integers(-3, 4, shape).astype(dtype)
    if nan and x.size:
        x[rng.random(shape) < 0.05] = np.nan
        x[rng.random(shape) < 0.05] = -np.inf
    return x


def geometry(data, dilated):
    """Draw kernel, stride, padding, dilation, input and output size for which every window touches the image."""
    axes = []
    for _ in range(2):
        size, kernel, stride, padding, dilation = data.draw(AXIS)
        dilation, padding = dilation if dilated else 1, min(padding, kernel // 2)
        size = max(size, dilation * (kernel - 1) + 1)
        ceil = stride - 1 if data.draw(st.booleans()) else 0
        output = (size + 2 * padding - dilation * (kernel - 1) - 1 + ceil) // stride + 1
        output -= (output - 1) * stride >= size + padding
        axes.append((kernel, stride, padding, dilation, size, output))
    return [tuple(pair) for pair in zip(*axes, strict=True)]


def assert_close(actual, expected):
    """Same shape, same dtype, same numbers to a few units in the last place."""
    assert actual.dtype == expected.dtype
    scale = float(np.abs(expected).max()) if expected.size else 0.0
    rtol = 50 * np.finfo(actual.dtype).eps
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * scale)


def assert_thread_independent(function):
    """Run ``function`` with one thread and with all, and compare bit for bit."""
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = function()
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
        several = function()
    finally:
        numba.set_num_threads(before)
    for a, b in zip(one, several, strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    for name in ("max_pool2d", "max_pool2d_grad", "avg_pool2d", "avg_pool2d_grad", "adaptive_avg_pool2d"):
        assert getattr(kernels.pool, name) is not getattr(reference, name)
    assert kernels.pool.adaptive_max_pool2d is not reference.adaptive_max_pool2d
    assert kernels.pool_values.max_pool2d_values is not reference_values.max_pool2d_values


@FEW
@given(st.data(), st.sampled_from([np.float32, np.float64]))
def test_max_pool2d(data, dtype):
    kernel, stride, padding, dilation, size, output = geometry(data, dilated=True)
    x = image(data, (data.draw(st.integers(0, 2)), 2, *size), dtype, nan=True)
    values, indices = kernels.pool.max_pool2d(x, kernel, stride, padding, dilation, output)
    expected, positions = reference.max_pool2d(x, kernel, stride, padding, dilation, output)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(indices, positions)
    alone = kernels.pool_values.max_pool2d_values(x, kernel, stride, padding, dilation, output)
    np.testing.assert_array_equal(alone, expected)
    assert alone.dtype == values.dtype == dtype
    assert indices.dtype == np.int64
    assert not indices.size or (indices.min() >= 0 and indices.max() < size[0] * size[1])
    grad = image(data, values.shape, dtype)
    assert_close(kernels.pool.max_pool2d_grad(grad, indices, size), reference.max_pool2d_grad(grad, indices, size))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [(4, 4), (5, 7), (64, 66)])
def test_two_by_two(size, dtype):
    x = np.random.default_rng(0).integers(0, 3, (2, 3, *size)).astype(dtype)
    x[0, 0, 0, :2] = np.nan, 5
    options = (2, 2), (2, 2), (0, 0), (1, 1), (size[0] // 2, size[1] // 2)
    for actual, expected in zip(kernels.pool.max_pool2d(x, *options), reference.max_pool2d(x, *options), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("module", [kernels.pool, reference])
def test_ties_go_to_the_first_and_nan_wins(module):
    x = np.array([[[[1.0, 1.0, 1.0, np.nan, np.nan, 9.0]]]])
    values, indices = module.max_pool2d(x, (1, 3), (1, 3), (0, 0), (1, 1), (1, 2))
    np.testing.assert_array_equal(values[0, 0], [[1.0, np.nan]])
    np.testing.assert_array_equal(indices[0, 0], [[0, 4]])  # PyTorch names the last NaN


@pytest.mark.parametrize("module", [kernels.pool, reference])
def test_max_pool2d_of_nothing_but_minus_infinity(module):
    x = np.full((1, 1, 3, 3), -np.inf)
    values, indices = module.max_pool2d(x, (2, 2), (2, 2), (1, 1), (1, 1), (2, 2))
    assert np.all(values == -np.inf)
    np.testing.assert_array_equal(indices[0, 0], [[0, 1], [3, 4]])


def test_max_pool2d_against_scipy():
    x = np.random.default_rng(1).standard_normal((1, 1, 9, 11))
    values, indices = kernels.pool.max_pool2d(x, (3, 3), (1, 1), (1, 1), (1, 1), (9, 11))
    np.testing.assert_array_equal(values[0, 0], ndimage.maximum_filter(x[0, 0], 3, mode="constant", cval=-np.inf))
    np.testing.assert_array_equal(values[0, 0], x[0, 0].reshape(-1)[indices[0, 0]])


@FEW
@given(st.data(), st.sampled_from([np.float32, np.float64]), st.booleans(), st.sampled_from([None, 3, -2]))
def test_avg_pool2d(data, dtype, count_include_pad, divisor):
    kernel, stride, padding, _, size, output = geometry(data, dilated=False)
    x = image(data, (data.draw(st.integers(0, 2)), 2, *size), dtype)
    options = kernel, stride, padding, count_include_pad, divisor
    actual = kernels.pool.avg_pool2d(x, *options, output)
    assert_close(actual, reference.avg_pool2d(x, *options, output))
    grad = image(data, actual.shape, dtype)
    assert_close(kernels.pool.avg_pool2d_grad(grad, *options, size), reference.avg_pool2d_grad(grad, *options, size))


def test_avg_pool2d_against_scipy():
    x = np.random.default_rng(1).standard_normal((1, 1, 9, 11))
    actual = kernels.pool.avg_pool2d(x, (3, 3), (1, 1), (1, 1), True, None, (9, 11))
    np.testing.assert_allclose(actual[0, 0], ndimage.uniform_filter(x[0, 0], 3, mode="constant"), atol=1e-14)


@FEW
@given(st.data(), st.sampled_from([np.float32, np.float64]), st.tuples(*[st.integers(1, 9)] * 4))
def test_adaptive_pooling(data, dtype, sizes):
    size, output = sizes[:2], sizes[2:]
    x = image(data, (data.draw(st.integers(0, 2)), 2, *size), dtype)
    actual = kernels.pool.adaptive_avg_pool2d(x, output)
    assert_close(actual, reference.adaptive_avg_pool2d(x, output))
    grad = image(data, actual.shape, dtype)
    assert_close(kernels.pool.adaptive_avg_pool2d_grad(grad, size), reference.adaptive_avg_pool2d_grad(grad, size))
    x = image(data, x.shape, dtype, nan=True)
    both = zip(kernels.pool.adaptive_max_pool2d(x, output), reference.adaptive_max_pool2d(x, output), strict=True)
    for actual, expected in both:
        np.testing.assert_array_equal(actual, expected)


def test_a_nan_stays_in_its_window():
    x = np.ones((1, 1, 4, 4))
    x[0, 0, 0, 0] = np.nan
    pooled = kernels.pool.avg_pool2d(x, (2, 2), (2, 2), (0, 0), True, None, (2, 2))
    np.testing.assert_array_equal(pooled[0, 0], [[np.nan, 1], [1, 1]])


def test_results_do_not_depend_on_the_number_of_threads():
    x = np.random.default_rng(2).standard_normal((3, 5, 17, 19)).astype(np.float32)

    def run():
        values, indices = kernels.pool.max_pool2d(x, (3, 3), (2, 2), (1, 1), (1, 1), (9, 10))
        average = kernels.pool.avg_pool2d(x, (3, 3), (2, 2), (1, 1), True, None, (9, 10))
        return (
            values,
            indices,
            kernels.pool.max_pool2d_grad(values, indices, (17, 19)),
            average,
            kernels.pool.avg_pool2d_grad(average, (3, 3), (2, 2), (1, 1), True, None, (17, 19)),
            *kernels.pool.adaptive_max_pool2d(x, (4, 4)),
        )

    assert_thread_independent(run)


@pytest.mark.skipif(not jit.ENABLED, reason="numba is absent or switched off")
def test_pooling_of_fours_and_any_other_agree_around_their_border():
    """2 x 2 with stride 2 and nothing outside of the image has a loop of its own: all small images, on both sides."""
    rng = np.random.default_rng(0)
    choices = itertools.product((1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 9), ((2, 2), (2, 1), (3, 2)), ((2, 2), (1, 2)),
                                ((0, 0), (1, 0)), ((1, 1), (1, 2)), (0, 1))  # fmt: skip
    count = 0
    for h, w, kernel, stride, padding, dilation, more in choices:
        axes = zip((h, w), kernel, stride, padding, dilation, strict=True)
        size = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 + more for n, k, s, p, d in axes)
        last = [(o - 1) * s - p for o, s, p in zip(size, stride, padding, strict=True)]
        if min(size) < 1 or last[0] >= h or last[1] >= w:
            continue
        x = rng.integers(-3, 4, (1, 2, h, w)).astype(np.float32)  # many ties
        arguments = x, kernel, stride, padding, dilation, size
        for got, right in zip(kernels.pool.max_pool2d(*arguments), reference.max_pool2d(*arguments), strict=True):
            np.testing.assert_array_equal(got, right, err_msg=str(arguments[1:]))
        count += 1
    assert count > 300
