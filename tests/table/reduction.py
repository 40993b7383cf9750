"""Rows for sums, means, extrema and variances."""

import numpy as np

import minidet

from .arithmetic import flags, pair, t, whole
from .row import Bad, Row, both, distinct


def bad_axes(name):
    """List the axes that every reduction has to refuse."""
    op = getattr(minidet, name)
    return (
        Bad(lambda: op(t, 2), IndexError, f"{name}: dim is 2, expected an integer in \\[-2, 1\\]"),
        Bad(lambda: op(t, -3), IndexError, f"{name}: dim is -3"),
        Bad(lambda: op(t, 1.0), TypeError, f"{name}: dim is 1.0, expected an integer"),
        Bad(lambda: op("x", 0), TypeError, f"{name}: input is a str"),
    )


def twice(name):
    """An axis named twice."""
    return Bad(
        lambda: getattr(minidet, name)(t, (0, -2)), ValueError, f"{name}: dim is \\(0, -2\\), expected different"
    )


def ordered(*shape):
    """Return a function that draws numbers without ties."""
    return lambda rng: [distinct(rng, shape)]


def scaled(rng):
    """Draw numbers whose exponentials overflow, unless the maximum is taken out first."""
    return [rng.uniform(-1, 1, (3, 4)) + np.array([[1000.0], [-1000.0], [0.0]])]


nothing = minidet.zeros(0, 3)
integers = minidet.arange(6).reshape(2, 3)

ROWS = [
    Row("minidet.sum", **both(lambda lib, x: lib.sum(x)), inputs=pair((2, 3, 2)),
        reference=lambda x: np.add.reduce(x.ravel()), empty=pair((0, 3)),
        bad=(*bad_axes("sum"), twice("sum"),
             Bad(lambda: minidet.sum(t, dtype="float16"), TypeError, "sum: dtype is 'float16'"))),
    Row("minidet.sum", variant="axes", **both(lambda lib, x: x.sum((0, -1))), inputs=pair((2, 3, 2)),
        reference=lambda x: np.einsum("ijk->j", x), empty=pair((0, 3, 2))),
    Row("minidet.sum", variant="keepdim", **both(lambda lib, x: x.sum(1, keepdim=True)), inputs=pair((2, 3, 2)),
        reference=lambda x: np.einsum("ijk->ik", x)[:, None], empty=pair((0, 3, 2))),
    Row("minidet.sum", variant="0-d", **both(lambda lib, x: x.sum(0)), inputs=pair(()), reference=lambda x: x,
        empty=pair((0,))),
    Row("minidet.sum", variant="booleans", **both(lambda lib, x: x.sum(0)),
        inputs=lambda rng: [rng.random((4, 3)) < 0.5],
        reference=lambda x: np.count_nonzero(x, 0), differentiable=False, empty=lambda rng: [np.zeros((0, 3), bool)]),
    Row("minidet.mean", **both(lambda lib, x: lib.mean(x)), inputs=pair((2, 3, 2)), reference=lambda x: np.sum(x) / 12,
        empty=pair((0, 3)),
        bad=(*bad_axes("mean"), twice("mean"),
             Bad(lambda: integers.mean(), TypeError, "mean: input has dtype int64, expected float32 or float64"))),
    Row("minidet.mean", variant="axes, keepdim", **both(lambda lib, x: x.mean((-1, 0), keepdim=True)),
        inputs=pair((2, 3, 2)), reference=lambda x: np.einsum("ijk->j", x)[None, :, None] / 4, empty=pair((2, 0, 2))),
    Row("minidet.mean", variant="dim", **both(lambda lib, x: x.mean(-2)), inputs=pair((2, 3, 2)),
        reference=lambda x: np.einsum("ijk->ik", x) / 3, empty=pair((0, 3, 2))),
    Row("minidet.amax", **both(lambda lib, x: lib.amax(x, (0, 2))), inputs=ordered(2, 3, 2),
        reference=lambda x: np.sort(x.transpose(1, 0, 2).reshape(3, 4))[:, -1], empty=pair((2, 0, 2)),
        bad=(*bad_axes("amax"), twice("amax"), Bad(lambda: nothing.amax(), ValueError, "amax: input has shape"))),
    Row("minidet.amax", variant="keepdim", **both(lambda lib, x: x.amax(-1, keepdim=True)), inputs=ordered(3, 4),
        reference=lambda x: np.sort(x)[:, -1:], empty=pair((0, 3))),
    Row("minidet.amin", **both(lambda lib, x: lib.amin(x, (0, 2))), inputs=ordered(2, 3, 2),
        reference=lambda x: np.sort(x.transpose(1, 0, 2).reshape(3, 4))[:, 0], empty=pair((2, 0, 2)),
        bad=(*bad_axes("amin"), twice("amin"), Bad(lambda: nothing.amin(0), ValueError, "amin: input has shape"))),
    Row("minidet.amin", variant="keepdim", **both(lambda lib, x: x.amin(0, keepdim=True)), inputs=ordered(3, 4),
        reference=lambda x: np.sort(x, 0)[:1], empty=pair((2, 0))),
    Row("minidet.max", **both(lambda lib, x: lib.max(x)), inputs=ordered(3, 4),
        reference=lambda x: np.sort(x.ravel())[-1],
        empty=None,  # the largest of nothing is an error
        bad=(*bad_axes("max"), Bad(lambda: nothing.max(), ValueError, "max: input has shape \\(0, 3\\)"))),
    Row("minidet.max", variant="dim", **both(lambda lib, x: tuple(lib.max(x, 1))), inputs=ordered(3, 4, 2),
        reference=lambda x: (np.sort(x, 1)[:, -1], np.argsort(x, 1)[:, -1]), empty=pair((0, 3)),
        bad=(Bad(lambda: nothing.max(0), ValueError, "max: input has shape \\(0, 3\\)"),)),
    Row("minidet.max", variant="dim, keepdim", **both(lambda lib, x: tuple(x.max(-1, keepdim=True))),
        inputs=ordered(3, 4),
        reference=lambda x: (np.sort(x)[:, -1:], np.argsort(x)[:, -1:]), empty=pair((0, 3))),
    Row("minidet.max", variant="two tensors", **both(lambda lib, a, b: lib.max(a, b)),
        inputs=lambda rng: list(distinct(rng, (2, 3, 4))), reference=lambda a, b: np.where(a > b, a, b),
        empty=pair((0, 3), (3,))),
    Row("minidet.min", **both(lambda lib, x: lib.min(x)), inputs=ordered(3, 4),
        reference=lambda x: np.sort(x.ravel())[0],
        empty=None,  # the smallest of nothing is an error
        bad=(*bad_axes("min"), Bad(lambda: nothing.min(), ValueError, "min: input has shape \\(0, 3\\)"))),
    Row("minidet.min", variant="dim", **both(lambda lib, x: tuple(lib.min(x, 0))), inputs=ordered(3, 4, 2),
        reference=lambda x: (np.sort(x, 0)[0], np.argsort(x, 0)[0]), empty=pair((3, 0))),
    Row("minidet.min", variant="two tensors", **both(lambda lib, a, b: lib.min(a, b)),
        inputs=lambda rng: list(distinct(rng, (2, 3, 4))), reference=lambda a, b: np.where(a < b, a, b),
        empty=pair((0, 3), (3,))),
    Row("minidet.var", **both(lambda lib, x: lib.var(x)), inputs=pair((2, 3, 2)),
        reference=lambda x: (np.sum(x * x) - np.sum(x) ** 2 / 12) / 11,
        empty=None,  # too few elements: NaN, in tests/autograd/operations/test_reduction.py
        bad=(*bad_axes("var"), twice("var"), Bad(lambda: integers.var(), TypeError, "var: input has dtype int64"))),
    Row("minidet.var", variant="axes, biased", **both(lambda lib, x: x.var((0, 2), unbiased=False)),
        inputs=pair((2, 3, 2)),
        reference=lambda x: np.einsum("ijk->j", x**2) / 4 - (np.einsum("ijk->j", x) / 4) ** 2, empty=pair((2, 0, 2))),
    Row("minidet.var", variant="correction, keepdim", **both(lambda lib, x: x.var(-1, correction=2, keepdim=True)),
        inputs=pair((3, 4)), reference=lambda x: (np.sum(x * x, 1) - np.sum(x, 1) ** 2 / 4)[:, None] / 2,
        empty=pair((0, 4))),
    Row("minidet.std", **both(lambda lib, x: lib.std(x, 1)), inputs=pair((2, 4)),
        reference=lambda x: np.sqrt((np.sum(x * x, 1) - np.sum(x, 1) ** 2 / 4) / 3), empty=pair((0, 4)),
        bad=(*bad_axes("std"), Bad(lambda: flags.std(), TypeError, "std: input has dtype bool"))),
    Row("minidet.std", variant="all, keepdim", **both(lambda lib, x: lib.std(x, (0, 1), correction=0, keepdim=True)),
        inputs=pair((2, 3)), reference=lambda x: np.sqrt([[np.sum(x * x) / 6 - (np.sum(x) / 6) ** 2]]),
        empty=None),  # too few elements: NaN
    Row("minidet.logsumexp", **both(lambda lib, x: lib.logsumexp(x, 1)), inputs=pair((3, 4, 2)),
        reference=lambda x: np.log(np.sum(np.exp(x), 1)), empty=pair((0, 4)), bad=(*bad_axes("logsumexp"),)),
    Row("minidet.logsumexp", variant="axes, keepdim", **both(lambda lib, x: lib.logsumexp(x, (0, -1), keepdim=True)),
        inputs=pair((3, 4, 2)), reference=lambda x: np.log(np.einsum("ijk->j", np.exp(x)))[None, :, None],
        empty=pair((3, 0, 2))),
    Row("minidet.logsumexp", variant="far out", **both(lambda lib, x: x.logsumexp(-1)), inputs=scaled,
        reference=lambda x: np.logaddexp.reduce(x, 1), empty=pair((0, 4))),
    Row("minidet.argmax", **both(lambda lib, x: lib.argmax(x)), inputs=ordered(3, 4), differentiable=False,
        reference=lambda x: np.argsort(x.ravel())[-1], empty=None,  # the largest of nothing is an error
        bad=(*bad_axes("argmax"), Bad(lambda: nothing.argmax(0), ValueError, "argmax: input has shape \\(0, 3\\)"))),
    Row("minidet.argmax", variant="dim", **both(lambda lib, x: x.argmax(1, keepdim=True)), inputs=ordered(3, 4),
        reference=lambda x: np.argsort(x, 1)[:, -1:], empty=pair((0, 3)), differentiable=False),
    Row("minidet.argmin", **both(lambda lib, x: lib.argmin(x)), inputs=whole((3, 4), high=100), differentiable=False,
        reference=lambda x: np.argsort(x.ravel(), kind="stable")[0], empty=None,  # the smallest of nothing is an error
        bad=(*bad_axes("argmin"), Bad(lambda: nothing.argmin(), ValueError, "argmin: input has shape \\(0, 3\\)"))),
    Row("minidet.argmin", variant="dim", **both(lambda lib, x: x.argmin(-2)), inputs=ordered(3, 4),
        reference=lambda x: np.argsort(x, 0)[0], empty=pair((3, 0)), differentiable=False),
]  # fmt: skip
