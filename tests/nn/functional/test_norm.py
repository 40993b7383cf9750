"""Normalisation: PyTorch parity over random shapes and options, and the running statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidet
from minidet.nn import functional as F
from minidet.nn.functional.norm import affine

from .test_pool import SEED, assert_parity

SHAPE = st.sampled_from([(5, 3), (2, 3, 4), (2, 3, 1), (2, 3, 4, 5), (1, 3, 2, 2), (0, 3, 4, 5), (0, 3)])


def draw(shape, seed):
    """Return x, weight and bias."""
    rng = np.random.default_rng(seed)
    return rng.normal(1, 2, shape), rng.random(shape[1]) + 0.5, rng.random(shape[1])


@pytest.mark.parity
@given(SHAPE, st.booleans(), st.sampled_from([1e-5, 0.1]), SEED)
def test_batch_norm(shape, training, eps, seed):
    import torch

    rng = np.random.default_rng(seed)
    mean, var, seen = rng.random(3), rng.random(3) + 0.5, {}

    def ours(x, weight, bias):
        seen["ours"] = [minidet.tensor(a.astype(x.dtype)) for a in (mean, var)]
        return F.batch_norm(x, *seen["ours"], weight, bias, training, 0.3, eps)

    def theirs(x, weight, bias):
        seen["theirs"] = [torch.tensor(a, dtype=x.dtype) for a in (mean, var)]
        return torch.nn.functional.batch_norm(x, *seen["theirs"], weight, bias, training, 0.3, eps)

    assert_parity(ours, theirs, *draw(shape, seed), rtol=1e-3)
    for a, b in zip(seen["ours"], seen["theirs"], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9)


@pytest.mark.parity
@given(st.sampled_from([(2, 6), (2, 6, 3), (1, 6, 3, 4), (0, 6, 2)]), st.sampled_from([1, 2, 3, 4, 6]), SEED)
def test_group_norm(shape, groups, seed):
    from torch.nn.functional import group_norm

    assert_parity(
        lambda *a: F.group_norm(a[0], groups, *a[1:]),
        lambda *a: group_norm(a[0], groups, *a[1:]),
        *draw(shape, seed),
        rtol=1e-3,
    )


@pytest.mark.parity
@given(st.sampled_from([(2, 6), (2, 6, 3), (1, 6, 3, 4), (0, 6, 2)]), st.integers(1, 8), st.floats(0.3, 1.5), SEED)
def test_local_response_norm(shape, size, beta, seed):
    from torch.nn.functional import local_response_norm

    options = size, 0.5, beta, 1.5
    x = draw(shape, seed)[0]
    assert_parity(
        lambda x: F.local_response_norm(x, *options), lambda x: local_response_norm(x, *options), x, rtol=1e-4
    )


def test_statistics_changed_after_evaluation_do_not_change_the_gradient():
    x = minidet.tensor(np.ones((2, 3, 4, 4)), requires_grad=True)
    mean, var = minidet.tensor(np.zeros(3)), minidet.tensor(np.full(3, 4.0))
    out = F.batch_norm(x, mean, var, eps=0.0)
    var.fill_(100)
    out.backward(np.ones(out.shape))
    np.testing.assert_allclose(x.grad.numpy(), 0.5)


def test_l2_norm_has_unit_length():
    x = np.random.default_rng(0).standard_normal((2, 5, 3, 3)).astype(np.float32)
    out = F.l2_norm(x, np.full(5, 2, np.float32)).numpy()
    np.testing.assert_allclose(np.sqrt((out**2).sum(axis=1)), 2, rtol=1e-5)
    assert F.l2_norm(x * 0, np.ones(5, np.float32)).numpy().max() == 0


@pytest.mark.parametrize("images", [1, 2, 5])
def test_what_is_left_out_has_a_number_for_each_channel(images):
    weight, bias = affine(np.zeros((images, 3, 4)), None, None)
    np.testing.assert_array_equal(weight, np.ones(3))
    np.testing.assert_array_equal(bias, np.zeros(3))
    weight, bias = affine(np.zeros((images, 3, 4), np.float32), np.full(3, 2, np.float32), None)
    assert bias.shape == weight.shape == (3,)
    assert bias.dtype == np.float32
    assert not bias.any()
