"""Dual coordinate descent: compiled against reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import svm as reference


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    assert kernels.svm.dual_pass is not reference.dual_pass


@given(st.integers(0, 999), st.integers(0, 20), st.sampled_from([1, 3, 9]), st.sampled_from([0.01, 1.0, 100.0]))
def test_dual_pass(seed, count, width, cost):
    rng = np.random.default_rng(seed)
    x, signs = rng.normal(size=(count, width)), rng.choice([-1.0, 1.0], count)
    x[rng.random(count) < 0.2] = 0  # rows without any length
    upper, squares = cost * np.where(signs > 0, 2.0, 1.0), (x * x).sum(1)
    alpha = rng.random(count) * upper
    states = [(alpha.copy(), x.T @ (alpha * signs)) for _ in range(2)]
    for _ in range(3):
        order = rng.permutation(count)
        for module, state in zip((kernels.svm, reference), states, strict=True):
            module.dual_pass(x, signs, upper, squares, order, *state)
        for mine, yours in zip(*states, strict=True):
            np.testing.assert_allclose(mine, yours, rtol=1e-9, atol=1e-9 * cost)
    assert (states[0][0] >= 0).all()
    assert (states[0][0] <= upper).all()
