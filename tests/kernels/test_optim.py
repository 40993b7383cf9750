"""The compiled steps against the plain ones, small and large."""

import numpy as np
import pytest

from minidet import kernels
from minidet.kernels.reference import optim as reference

SIZES = [0, 1, 33, 70_001]


@pytest.fixture(autouse=True)
def _two_sides():
    if kernels.optim is reference:
        pytest.skip("numba is switched off: there is only the reference")


def arrays(size, dtype, count):
    rng = np.random.default_rng(size)
    return [rng.standard_normal(size).astype(dtype) for _ in range(count)]


def assert_agrees_with_the_reference(name, made, scalars, dtype):
    ours, plain = [None if a is None else a.copy() for a in made], [None if a is None else a.copy() for a in made]
    getattr(kernels.optim, name)(*ours, *scalars)
    getattr(reference, name)(*plain, *scalars)
    for mine, other in zip(ours, plain, strict=True):
        if other is not None:
            np.testing.assert_allclose(mine, other, rtol=5e-5 if dtype == np.float32 else 1e-11, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd(size, dtype, nesterov):
    param, grad, buffer = arrays(size, dtype, 3)
    assert_agrees_with_the_reference("sgd", [param, grad, buffer], (0.1, 0.01, 0.9, 0.9, 0.7, nesterov, -1.0), dtype)
    assert_agrees_with_the_reference("sgd", [param, grad, None], (0.1, 0.01, 0.0, 0.0, 1.0, False, 1.0), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam(size, dtype, amsgrad):
    param, grad, mean, square, largest = arrays(size, dtype, 5)
    largest = np.abs(largest) if amsgrad else None
    scalars = (0.1, 0.9, 0.99, 1e-3, 0.01, 0.999, 0.5, 1.0)
    assert_agrees_with_the_reference("adam", [param, grad, mean, np.abs(square), largest], scalars, dtype)


@pytest.mark.parametrize("size", SIZES)
def test_sum_of_squares(size):
    (x,) = arrays(size, np.float32, 1)
    total = kernels.optim.sum_of_squares(x)
    assert isinstance(total, float)
    assert total == pytest.approx(reference.sum_of_squares(x), rel=1e-12)
