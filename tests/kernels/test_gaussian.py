"""Gaussian smoothing and its derivatives: compiled and reference against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import gaussian as reference


@pytest.mark.skipif(not jit.ENABLED, reason="numba's compiler is switched off")
def test_both_sides_are_not_the_same_code():
    assert kernels.gaussian.gaussian is not reference.gaussian
    assert kernels.gaussian.gradients is not reference.gradients


@pytest.mark.parametrize("module", [kernels.gaussian, reference], ids=["compiled", "reference"])
@settings(max_examples=20, deadline=None)
@given(st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)), st.sampled_from([0.0, 0.8, 1.0, 3.3]))
def test_against_scipy(module, shape, sigma):
    """Also where the Gaussian reaches farther than the image, which is then mirrored several times."""
    x = np.random.default_rng(0).random(shape)
    expected = [ndimage.gaussian_filter(plane, sigma) for plane in x] if sigma else x
    np.testing.assert_allclose(module.gaussian(x, sigma), expected, rtol=1e-12, atol=1e-14)
    if sigma == 0:
        return
    for actual, order in zip(module.gradients(x, sigma), ((0, 1), (1, 0)), strict=True):
        expected = [ndimage.gaussian_filter(plane, sigma, order) for plane in x]
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-13)
