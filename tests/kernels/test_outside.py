"""How many numbers lie outside of a range: compiled against NumPy, on both sides of the size from which threads work."""

import numpy as np
import pytest

from minidet.kernels import outside as compiled
from minidet.kernels.reference import outside as reference

MODULES = pytest.mark.parametrize("module", [compiled, reference])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0, 3), (1,), (3, 5), (2, 3, 90, 70), (1 << 14,), ((1 << 14) - 1,), (17, 1234)])
@MODULES
def test_against_a_count(module, shape, dtype):
    x = np.random.default_rng(0).normal(0, 9, shape).astype(dtype)
    x.reshape(-1)[::7] = 2.5  # a border belongs to the range
    assert module.outside(x, -3, 2.5) == sum(not -3 <= value <= 2.5 for value in x.ravel())
    assert module.outside(x, -np.inf, np.inf) == 0


@pytest.mark.parametrize("size", [5, 1 << 15])
@MODULES
def test_nan_is_neither_and_infinity_is(module, size):
    x = np.zeros(size, np.float32)
    x[[0, -1]] = np.nan
    assert module.outside(x, -1, 1) == 0
    for place in (1, size // 2, size - 2):
        for value in (np.inf, -np.inf, 1.0001):
            other = x.copy()
            other[place] = value
            assert module.outside(other, -1, 1) == 1
