"""Resizing: PyTorch parity over random sizes and factors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidet.nn import functional as F

from .test_pool import SEED, SHAPE, assert_parity

MODE = st.sampled_from([("nearest", None), ("bilinear", False), ("bilinear", True), ("bilinear", None)])
SIZE = st.integers(1, 20) | st.tuples(st.integers(1, 20), st.integers(1, 20))
FACTOR = st.sampled_from([0.5, 2.0, 3.0]) | st.tuples(st.floats(0.3, 3), st.floats(0.3, 3))


@pytest.mark.parity
@given(SHAPE, SIZE, MODE, SEED)
def test_to_a_size(shape, size, mode, seed):
    from torch.nn.functional import interpolate

    x = np.random.default_rng(seed).standard_normal(shape)
    options = size, None, *mode
    assert_parity(lambda x: F.interpolate(x, *options), lambda x: interpolate(x, *options), x, rtol=1e-4)


@pytest.mark.parity
@given(SHAPE, FACTOR, MODE, st.sampled_from([None, True, False]), SEED)
def test_by_a_factor(shape, factor, mode, recompute, seed):
    from torch.nn.functional import interpolate

    x = np.random.default_rng(seed).standard_normal(shape)
    options = None, factor, *mode, recompute
    assert_parity(lambda x: F.interpolate(x, *options), lambda x: interpolate(x, *options), x, rtol=1e-4)


def test_nearest_repeats_pixels():
    x = np.arange(6.0).reshape(1, 1, 2, 3)
    np.testing.assert_array_equal(F.interpolate(x, scale_factor=3).numpy(), x.repeat(3, axis=2).repeat(3, axis=3))
