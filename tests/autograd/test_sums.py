"""Sums of very many float32: what the operations return, against sums in float64."""

import itertools

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.autograd import sums
from minidet.nn import functional as F

MANY = 1_500_000
TENTH = np.float32(0.1)  # NumPy adds up this many of them along a slow axis to 2 % off


def draw(rng):
    """Draw a float32 array: as it lies in memory, transposed, with gaps, backwards, or broadcast."""
    ndim = int(rng.integers(1, 5))
    shape = tuple(rng.integers(1, (200, 40, 12, 8)[ndim - 1] + 1, ndim))
    x = rng.standard_normal(shape).astype("f")
    layout = rng.integers(4)
    if layout == 1:
        return x.transpose(rng.permutation(ndim))
    if layout == 2:
        return x[tuple(slice(None, None, int(rng.choice([-1, 1, 2]))) for _ in shape)]
    if layout == 3:
        return np.broadcast_to(x[tuple(slice(None) if rng.random() < 0.5 else slice(1) for _ in shape)], shape)
    return x


def test_any_axes_of_any_layout(rng, monkeypatch):
    for name, value in (("SHORT", 8), ("BLOCK", 4), ("WIDE", 12)):  # short arrays take the paths of long ones
        monkeypatch.setattr(sums, name, value)
    for _ in range(300):
        x = draw(rng)
        for count in range(1, x.ndim + 1):
            for axes in itertools.combinations(range(x.ndim), count):
                for keepdims in (False, True):
                    got, expected = sums.total(x, axes, keepdims), x.astype("d").sum(axis=axes, keepdims=keepdims)
                    assert got.dtype == np.float32
                    assert got.shape == expected.shape
                    np.testing.assert_allclose(got, expected, 1e-5, 1e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_its_column(value):
    x = np.ones((5000, 3), "f")
    x[3777, 1] = value
    np.testing.assert_array_equal(sums.total(x, (0,)), [5000, value, 5000])


def test_other_dtypes_keep_their_own():
    for dtype in (np.int64, np.float64):
        got = sums.total(np.ones((3000, 2), dtype), (0,))
        assert got.dtype == dtype
        assert (got == 3000).all()


def test_more_ones_than_float32_can_count():
    assert minidet.tensor(np.ones((20_000_000, 2), "f")).mean(0).tolist() == [1, 1]


def gradient_of(function, *shape):
    """Return the gradient of a leaf of zeros to which ``function`` is applied, and whose every use gets 0.1."""
    leaf = minidet.zeros(*shape, requires_grad=True)
    out = function(leaf)
    out.backward(minidet.tensor(np.full(out.shape, TENTH)))
    return leaf.grad


def rows(*shape):
    return minidet.tensor(np.full(shape, TENTH))


def bias_gradient(layer, *shape):
    out = layer(minidet.zeros(*shape))
    out.backward(minidet.tensor(np.full(out.shape, TENTH)))
    return layer.bias.grad


def peak():
    """Return two columns of logarithms: of 1, and then of tenths."""
    logarithms = np.full((MANY, 2), np.log(TENTH))
    logarithms[0] = 0
    return minidet.tensor(logarithms)


LABELS = np.zeros(MANY, int)
SUMS = {  # what is computed, and what it should be
    "sum": (lambda: rows(MANY, 2).sum(0), MANY * TENTH),
    "sum of a transposed one": (lambda: rows(2, MANY).T.sum(0), MANY * TENTH),
    "sum over two axes apart": (lambda: rows(MANY // 4, 3, 4).sum((0, 2)), MANY * TENTH),
    "mean": (lambda: rows(MANY, 2).mean(0), TENTH),
    "var": (lambda: (rows(MANY, 2) + minidet.tensor([[0.0]] * (MANY - 1) + [[1.0]])).var(0) * MANY, 1.0),
    "std": (lambda: minidet.tensor(np.resize(np.float32([[0.9], [1.1]]), (MANY, 1)) * np.ones(2, "f")).std(0), 0.1),
    "logsumexp": (lambda: peak().logsumexp(0), np.log(TENTH * MANY + 0.9)),
    "unbroadcast": (lambda: gradient_of(lambda leaf: leaf + minidet.zeros(MANY, 2), 2), MANY * TENTH),
    "unbroadcast, stretched": (
        lambda: gradient_of(lambda leaf: leaf * minidet.ones(MANY // 4, 4, 2), 1, 1, 2), MANY * TENTH),
    "index, a number": (lambda: gradient_of(lambda leaf: leaf[LABELS], 3)[0], MANY * TENTH),
    "index, rows": (lambda: gradient_of(lambda leaf: leaf[LABELS], 3, 2)[0], MANY * TENTH),
    "amax, ties": (lambda: gradient_of(lambda leaf: leaf.amax(0), 20_000_000, 1).sum(), TENTH),
    "linear, bias": (lambda: bias_gradient(nn.Linear(1, 2), MANY, 1), MANY * TENTH),
    "conv, bias": (lambda: bias_gradient(nn.Conv2d(1, 2, 1), 1, 1, MANY // 1000, 1000), MANY * TENTH),
    "softmax": (lambda: F.softmax(peak(), 0)[0] * (TENTH * MANY + 0.9), 1.0),
    "log_softmax": (lambda: F.log_softmax(peak(), 0)[0], -np.log(TENTH * MANY + 0.9)),
    "normalize": (lambda: F.normalize(rows(MANY, 2), dim=0) * MANY**0.5, 1.0),
    "l2_norm": (lambda: F.l2_norm(rows(1, MANY, 1, 2), np.ones(MANY, "f")) * MANY**0.5, 1.0),
    "mse_loss": (lambda: F.mse_loss(rows(2, MANY).T, np.zeros((MANY, 2), "f")), TENTH**2),
    "dice_loss": (lambda: F.dice_loss(rows(MANY, 1, 2).transpose(0, 2), np.zeros((2, 1, MANY), "f"), 100.0) ** -1,
                  1 / (1 - 100 / (100 + MANY * TENTH**2))),
    "nll_loss": (lambda: F.nll_loss(-rows(MANY, 2), LABELS, reduction="sum"), MANY * TENTH),
    "cross_entropy": (lambda: F.cross_entropy(rows(MANY, 2), LABELS, reduction="sum"), MANY * np.log(2)),
    "cross_entropy, classes": (lambda: F.cross_entropy(rows(1, MANY), [0], label_smoothing=0.5), np.log(MANY)),
    "multi_margin_loss": (lambda: F.multi_margin_loss(rows(1, MANY), [0], margin=0.1), TENTH),
    "adaptive_avg_pool2d": (lambda: F.adaptive_avg_pool2d(rows(1, 1, MANY // 2, 2), 1), TENTH),
    "avg_pool2d": (lambda: F.avg_pool2d(rows(1, 1, 2, MANY // 2), (2, MANY // 2)), TENTH),
    "interpolate": (
        lambda: gradient_of(lambda leaf: F.interpolate(leaf, size=(MANY // 2, 2)), 1, 1, 1, 1), MANY * TENTH),
    "batch_norm": (lambda: bias_gradient(nn.BatchNorm1d(2), MANY, 2), MANY * TENTH),
    "group_norm": (lambda: bias_gradient(nn.GroupNorm(1, 2), 1, 2, MANY), MANY * TENTH),
}  # fmt: skip


@pytest.mark.parametrize("name", SUMS)
def test_every_sum_keeps_its_digits(name):
    compute, expected = SUMS[name]
    got = compute()
    assert got.dtype == np.float32
    np.testing.assert_allclose(got.detach().numpy(), np.broadcast_to(expected, got.shape), 3e-6)
