"""Pooling and unpooling: PyTorch parity over random options, and round trips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidet
from minidet.nn import functional as F

PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))
SHAPE = st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))
SEED = st.integers(0, 2**32 - 1)


def assert_parity(ours, theirs, *arrays, rtol=1e-5):
    """Values, dtypes and gradients agree with PyTorch's, in both precisions; what PyTorch refuses is refused here."""
    import torch

    for dtype in (np.float32, np.float64):
        arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
        mine, other = [minidet.tensor(a) for a in arrays], [torch.tensor(a) for a in arrays]
        for a, b in zip(mine, other, strict=True):
            if a.dtype.kind == "f":
                a.requires_grad_()
                b.requires_grad_()
        try:
            expected = theirs(*other)
        except (RuntimeError, ValueError):
            with pytest.raises((TypeError, ValueError)):
                ours(*mine)
            return
        actual, expected = (out if isinstance(out, tuple) else (out,) for out in (ours(*mine), expected))
        tolerance = {"rtol": rtol, "atol": rtol} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-9}
        for a, b in zip(actual, expected, strict=True):
            assert a.dtype == b.detach().numpy().dtype
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), **tolerance)
        grad = np.random.default_rng(0).standard_normal(actual[0].shape).astype(dtype)
        actual[0].backward(minidet.tensor(grad))
        expected[0].backward(torch.tensor(grad))
        for a, b in zip(mine, other, strict=True):
            if a.requires_grad:
                tolerance["atol"] = tolerance["rtol"] * max(1.0, float(b.grad.abs().max()) if b.grad.numel() else 1.0)
                np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), **tolerance)


def image(shape, seed, batch=True):
    """Return an image of few different values: windows hold ties."""
    x = np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float64)
    return x if batch else x[0] if len(x) else x.reshape(0, *shape[1:])


@pytest.mark.parity
@given(SHAPE, PAIR, st.none() | PAIR, st.integers(0, 1), PAIR, st.booleans(), st.booleans(), SEED)
def test_max_pool2d(shape, kernel, stride, padding, dilation, ceil_mode, batch, seed):
    from torch.nn.functional import max_pool2d

    if min(shape[2:]) < 3:
        dilation = (1, 1)  # PyTorch lets a dilated window step over a small image, and names positions outside it
    options = kernel, stride, padding, dilation, ceil_mode, True
    assert_parity(lambda x: F.max_pool2d(x, *options), lambda x: max_pool2d(x, *options), image(shape, seed, batch))


@pytest.mark.parity
@given(SHAPE, PAIR, st.none() | PAIR, st.integers(0, 1), st.booleans(), st.booleans(), st.sampled_from([None, 3]), SEED)
def test_avg_pool2d(shape, kernel, stride, padding, ceil_mode, count_include_pad, divisor, seed):
    from torch.nn.functional import avg_pool2d

    options = kernel, stride, padding, ceil_mode, count_include_pad, divisor
    assert_parity(lambda x: F.avg_pool2d(x, *options), lambda x: avg_pool2d(x, *options), image(shape, seed))


@pytest.mark.parity
@given(SHAPE, st.tuples(st.none() | st.integers(1, 9), st.none() | st.integers(1, 9)), st.booleans(), SEED)
def test_adaptive(shape, size, batch, seed):
    from torch.nn import functional

    x = image(shape, seed, batch)
    assert_parity(lambda x: F.adaptive_avg_pool2d(x, size), lambda x: functional.adaptive_avg_pool2d(x, size), x)
    assert_parity(
        lambda x: F.adaptive_max_pool2d(x, size, True), lambda x: functional.adaptive_max_pool2d(x, size, True), x
    )


@pytest.mark.parity
@given(SHAPE, PAIR, st.none() | PAIR, st.integers(0, 1), st.tuples(st.integers(-2, 2), st.integers(-2, 2)), SEED)
def test_max_unpool2d(shape, kernel, stride, padding, extra, seed):
    import torch
    from torch.nn.functional import max_unpool2d

    torch.set_num_threads(1)  # with more, PyTorch lets any of several equal indices win
    steps = kernel if stride is None else stride
    size = tuple((n - 1) * s - 2 * padding + k + e for n, s, k, e in zip(shape[2:], steps, kernel, extra, strict=True))
    pixels = max(size[0] * size[1], 1)
    places = np.random.default_rng(seed).permuted(np.arange(max(pixels, 81)).repeat(1))[: shape[2] * shape[3]] % pixels
    indices = np.broadcast_to(places.reshape(shape[2:]), shape).astype(np.int64)
    options = kernel, stride, padding, size
    if min(size) > 0:
        assert_parity(
            lambda x, i: F.max_unpool2d(x, i, *options),
            lambda x, i: max_unpool2d(x, i, *options),
            image(shape, seed),
            indices,
        )


def test_unpooling_undoes_pooling_at_the_maxima():
    x = minidet.tensor(np.random.default_rng(0).standard_normal((2, 3, 7, 9)))
    values, indices = F.max_pool2d(x, 2, return_indices=True)
    assert not indices.requires_grad
    back = F.max_unpool2d(values, indices, 2, output_size=(7, 9)).numpy()
    np.testing.assert_array_equal(back[back != 0], x.numpy()[back != 0])
    again = F.max_pool2d(minidet.tensor(np.where(back == 0, -np.inf, back)), 2)
    np.testing.assert_array_equal(again.numpy(), values.numpy())


def test_a_nan_wins_and_its_gradient_goes_to_it():
    x = minidet.tensor(np.array([[[1.0, np.nan], [3.0, 2.0]]]), requires_grad=True)
    out = F.max_pool2d(x, 2)
    assert np.isnan(out.item())
    out.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[[0, 1], [0, 0]]])


def test_indices_may_have_any_integer_dtype():
    indices = np.array([[[[3]]]], np.uint8)
    np.testing.assert_array_equal(F.max_unpool2d(np.ones((1, 1, 1, 1)), indices, 2).numpy()[0, 0], [[0, 0], [0, 1]])
