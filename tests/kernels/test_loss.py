"""The kernels of the cross entropy and of ReLU: compiled against reference."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minidet import kernels
from minidet.kernels import activation, loss
from minidet.kernels.launch import jit
from minidet.kernels.reference import activation as reference_activation
from minidet.kernels.reference import loss as reference

from .test_pool import assert_thread_independent

SMALL = 1 << 14  # below it ReLU is NumPy's
SHAPE = st.tuples(st.integers(1, 3), st.integers(1, 9), st.sampled_from([1, 2, 7, 63, 64, 65, 700, 5000]))


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    assert kernels.loss is loss
    assert kernels.activation is activation
    assert loss.cross_entropy is not reference.cross_entropy
    assert activation.relu is not reference_activation.relu
    assert activation.relu_grad is not reference_activation.relu_grad
    assert activation.relu6 is not reference_activation.relu6
    assert activation.relu6_grad is not reference_activation.relu6_grad


def draw(seed, shape, dtype, size=3.0):
    """Return scores, targets of which some are -1, and weights."""
    rng = np.random.default_rng(seed)
    count, classes, positions = shape
    x = (rng.standard_normal(shape) * size).astype(dtype)
    target = rng.integers(0, classes, (count, positions))
    target[rng.random(target.shape) < 0.2] = -1
    return x, target, rng.uniform(0.1, 2, classes).astype(dtype)


def run(function, x, target, weight, smoothing, wanted=True):
    dx = np.empty(x.shape if wanted else (0, 0, 0), x.dtype)
    return function(x, target, weight, -1, smoothing, 0.25, dx), dx


@given(SHAPE, st.sampled_from(["f", "d"]), st.integers(0, 999), st.sampled_from([0.0, 0.1, 1.0]), st.booleans())
@example((1, 500, 70), "f", 0, 0.0, True)
@example((2, 3, 40000), "f", 0, 0.1, False)
def test_cross_entropy(shape, dtype, seed, smoothing, wanted):
    x, target, weight = draw(seed, shape, dtype)
    losses, dx = run(loss.cross_entropy, x, target, weight, smoothing, wanted)
    expected, expected_dx = run(reference.cross_entropy, x.astype("d"), target, weight, smoothing)
    assert losses.dtype == dx.dtype == x.dtype
    tolerance = 2e-6 if dtype == "f" else 1e-13
    np.testing.assert_allclose(losses, expected, 0, tolerance * max(1.0, np.abs(expected).max()))
    if wanted:
        np.testing.assert_allclose(dx, expected_dx, 0, tolerance)


def test_no_digits_are_lost_in_single_precision():
    """The exponential is as good as the C library's: gradients to a few units of the last place of 1."""
    x, target, weight = draw(0, (1, 20, 20000), "f", size=20.0)
    _, dx = run(loss.cross_entropy, x, target, np.ones_like(weight), 0.0)
    _, expected = run(reference.cross_entropy, x.astype("d"), target, np.ones_like(weight), 0.0)
    assert np.abs(dx - expected).max() * 4 < 4e-7


def test_far_below_the_largest_score():
    x = np.zeros((1, 3, 2), "f")
    x[0, 1:] = [[-1000, -86.9], [-np.inf, -87.5]]
    _, dx = run(loss.cross_entropy, x, np.zeros((1, 2), np.int64), np.ones(3, "f"), 0.0)
    assert dx[0, 1:, 0].tolist() == [0, 0]
    np.testing.assert_allclose(dx[0, 1, 1] * 4, np.exp(-86.9), rtol=1e-4)
    assert dx[0, 2, 1] == 0


def test_not_finite():
    for value in (np.nan, np.inf):
        x = np.ones((1, 3, 70), "f")
        x[0, 1, 5] = value
        losses, dx = run(loss.cross_entropy, x, np.zeros((1, 70), np.int64), np.ones(3, "f"), 0.0)
        assert np.flatnonzero(np.isnan(losses[0])).tolist() == [5]
        assert np.isnan(dx[0, :, 5]).any()
        assert np.isfinite(np.delete(dx, 5, axis=2)).all()


def test_ignored_pixels_have_no_gradient_whatever_their_scores():
    x = np.full((1, 3, 4), np.nan, "f")
    losses, dx = run(loss.cross_entropy, x, np.full((1, 4), -1), np.ones(3, "f"), 0.1)
    assert not losses.any()
    assert not dx.any()


def test_results_do_not_depend_on_the_threads():
    x, target, weight = draw(0, (2, 5, 30000), "f")
    assert_thread_independent(lambda: run(loss.cross_entropy, x, target, weight, 0.1))


@given(st.sampled_from([1, 100, SMALL - 1, SMALL, 3 * SMALL + 5]), st.sampled_from("fd"))
def test_relu(size, dtype):
    rng = np.random.default_rng(size)
    x, grad = rng.standard_normal(size).astype(dtype), rng.standard_normal(size).astype(dtype)
    x[::7] = 0
    x[::31] = np.nan
    out = activation.relu(x)
    np.testing.assert_array_equal(out, reference_activation.relu(x), strict=True)
    dx = activation.relu_grad(grad, out)
    np.testing.assert_array_equal(dx, reference_activation.relu_grad(grad, out), strict=True)
    assert (dx == np.where(x > 0, grad, 0))[~np.isnan(x)].all()


@given(st.sampled_from([1, 100, SMALL - 1, SMALL, 3 * SMALL + 5]), st.sampled_from("fd"))
def test_relu6(size, dtype):
    rng = np.random.default_rng(size)
    x, grad = (6 * rng.standard_normal(size)).astype(dtype), rng.standard_normal(size).astype(dtype)
    for step, value in ((7, 0), (11, 6), (31, np.nan), (37, np.inf), (41, -np.inf)):
        x[::step] = value
    out = activation.relu6(x)
    np.testing.assert_array_equal(out, reference_activation.relu6(x), strict=True)
    dx = activation.relu6_grad(grad, out)
    np.testing.assert_array_equal(dx, reference_activation.relu6_grad(grad, out), strict=True)
    assert (dx == np.where((x > 0) & (x < 6), grad, 0))[~np.isnan(x)].all()
