"""Normalisation kernels: compiled against reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import norm as reference

from .test_pool import assert_thread_independent

FEW = settings(max_examples=30, deadline=None)
SHAPE = st.tuples(st.integers(1, 3), st.integers(1, 6), st.sampled_from([1, 2, 7, 40, 600]))
DTYPE = st.sampled_from(["f", "d"])


def assert_all_close(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        rtol = 1e-4 if "float32" in (str(b.dtype), str(actual[0].dtype)) else 1e-10
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, float(np.abs(b).max(initial=0))))


def draw(seed, shape, dtype):
    """Return x, grad, weight and bias."""
    rng = np.random.default_rng(seed)
    arrays = rng.normal(2, 3, shape), rng.standard_normal(shape), rng.random(shape[1]) + 0.5, rng.random(shape[1])
    return [array.astype(dtype) for array in arrays]


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    for name in ("batch_norm", "batch_norm_eval", "group_norm", "local_response_norm"):
        assert getattr(kernels.norm, name) is not getattr(reference, name)
        gradient = "batch_norm_grad" if name == "batch_norm_eval" else f"{name}_grad"
        assert getattr(kernels.norm, gradient) is not getattr(reference, gradient)


@FEW
@given(SHAPE, DTYPE, st.integers(0, 999), st.booleans())
def test_batch_norm(shape, dtype, seed, training):
    x, grad, weight, bias = draw(seed, shape, dtype)
    out, mean, variance = kernels.norm.batch_norm(x, weight, bias, 0.1)
    assert_all_close((out, mean, variance), reference.batch_norm(x, weight, bias, 0.1))
    invstd = 1 / np.sqrt(variance + 0.1)
    given = mean.astype(dtype), variance.astype(dtype), weight, bias, 0.1
    expected = reference.batch_norm_eval(x, *given)
    assert_all_close([kernels.norm.batch_norm_eval(x, *given)], [expected])
    for other in (x.reshape(*x.shape[:2], 1, -1), x[:, :, 0].copy()):  # (N, C, H, W); (N, C)
        same = expected.reshape(other.shape) if other.ndim == 4 else expected[:, :, 0]
        assert_all_close([kernels.norm.batch_norm_eval(other, *given)], [same])
        assert_all_close([reference.batch_norm_eval(other, *given)], [same])
    options = grad, x, mean, invstd, weight, training
    assert_all_close(kernels.norm.batch_norm_grad(*options), reference.batch_norm_grad(*options))


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_empty_batch(dtype):
    x, grad, weight, bias = draw(0, (0, 4, 6), dtype)
    statistics = np.zeros(4), np.ones(4)
    given = [each.astype(x.dtype) for each in statistics]
    assert kernels.norm.batch_norm_eval(x, *given, weight, bias, 1e-5).shape == (0, 4, 6)
    dx, dweight, dbias = kernels.norm.batch_norm_grad(grad, x, *statistics, weight, False)
    assert dx.shape == x.shape
    assert not dweight.any()
    assert not dbias.any()
    out, mean, invstd = kernels.norm.group_norm(x, 2, weight, bias, 1e-5)
    assert out.shape == x.shape
    assert mean.shape == (0, 2)
    assert [a.shape for a in kernels.norm.group_norm_grad(grad, x, mean, invstd, weight)] == [(0, 4, 6), (4,), (4,)]
    assert kernels.norm.local_response_norm(x, 3, 1e-4, 0.75, 1.0)[0].shape == (0, 4, 6)


def test_statistics_of_a_large_offset():
    x = (1000 + np.random.default_rng(0).standard_normal((4, 2, 5000))).astype(np.float32)
    out, mean, variance = kernels.norm.batch_norm(x, np.ones(2, np.float32), np.zeros(2, np.float32), 0.0)
    np.testing.assert_allclose(mean, x.mean(axis=(0, 2), dtype=np.float64), rtol=1e-9)
    np.testing.assert_allclose(variance, x.var(axis=(0, 2), dtype=np.float64), rtol=1e-5)
    assert np.abs(out.std(axis=(0, 2), dtype=np.float64) - 1).max() < 1e-4


@FEW
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.sampled_from([1, 5, 70]), DTYPE, st.integers(0, 999))
def test_group_norm(groups, size, n, s, dtype, seed):
    x, grad, weight, bias = draw(seed, (n, groups * size, s), dtype)
    out, mean, invstd = kernels.norm.group_norm(x, groups, weight, bias, 0.1)
    assert_all_close((out, mean, invstd), reference.group_norm(x, groups, weight, bias, 0.1))
    actual = kernels.norm.group_norm_grad(grad, x, mean, invstd, weight)
    assert_all_close(actual, reference.group_norm_grad(grad, x, mean, invstd, weight))


@FEW
@given(SHAPE, DTYPE, st.integers(1, 7), st.sampled_from([0.5, 0.75, 1.0]), st.integers(0, 999))
def test_local_response_norm(shape, dtype, size, beta, seed):
    x, grad, _, _ = draw(seed, shape, dtype)
    out, base = kernels.norm.local_response_norm(x, size, 0.5, beta, 2.0)
    assert_all_close((out, base), reference.local_response_norm(x, size, 0.5, beta, 2.0))
    actual = kernels.norm.local_response_norm_grad(grad, x, base, size, 0.5, beta)
    assert_all_close([actual], [reference.local_response_norm_grad(grad, x, base, size, 0.5, beta)])


def test_local_response_norm_against_scipy():
    x = np.random.default_rng(0).standard_normal((2, 8, 5))
    mean = ndimage.uniform_filter1d(x**2, 5, axis=1, mode="constant")
    out, _ = kernels.norm.local_response_norm(x, 5, 0.5, 0.75, 2.0)
    np.testing.assert_allclose(out, x / (2 + 0.5 * mean) ** 0.75, atol=1e-12)


def test_a_nan_stays_in_its_channel():
    x, _, weight, bias = draw(0, (2, 3, 50), "f")
    x[0, 1, 7] = np.nan
    out, mean, _ = kernels.norm.batch_norm(x, weight, bias, 1e-5)
    assert np.isnan(mean).tolist() == [False, True, False]
    assert np.isnan(out[:, 1]).all()
    assert np.isfinite(out[:, [0, 2]]).all()


def test_results_do_not_depend_on_the_number_of_threads():
    x, grad, weight, bias = draw(0, (3, 6, 1100), "f")

    def run():
        out, mean, variance = kernels.norm.batch_norm(x, weight, bias, 1e-5)
        grads = kernels.norm.batch_norm_grad(grad, x, mean, 1 / np.sqrt(variance), weight, True)
        grouped = kernels.norm.group_norm(x, 2, weight, bias, 1e-5)
        local = kernels.norm.local_response_norm(x, 5, 1e-4, 0.75, 1.0)
        return (
            *(out, mean, variance, *grads, *grouped, *local),
            *kernels.norm.group_norm_grad(grad, x, *grouped[1:], weight),
            kernels.norm.local_response_norm_grad(grad, x, local[1], 5, 1e-4, 0.75),
        )

    assert_thread_independent(run)
