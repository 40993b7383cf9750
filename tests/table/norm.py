"""Rows for normalisation."""

import numpy as np

import minidet
from minidet import nn
from minidet.kernels.reference import norm as reference
from minidet.nn import functional as F

from .row import Bad, Row, torch

MEAN, VAR = np.array([0.25, -0.5, 0.125]), np.array([0.5, 2.0, 1.0])  # exact in float32
X, W = np.ones((2, 3, 4, 5)), np.ones(3)


def inputs(*shape):
    """Draw x, weight and bias."""
    c = shape[1]
    return lambda rng: [rng.normal(0.5, 1.5, shape), rng.uniform(0.5, 1.5, c), rng.standard_normal(c)]


def nothing(rng):
    return [np.zeros((0, 3, 4, 5)), np.ones(3), np.zeros(3)]


def flat(x):
    return x.reshape(*x.shape[:2], -1)


def by_batch(x, weight, bias, eps=1e-5):
    return reference.batch_norm(flat(x), weight, bias, eps)[0].reshape(x.shape)


def by_statistics(x, weight, bias, mean=MEAN, var=VAR, eps=1e-5):
    return reference.batch_norm_eval(x, mean, var, weight, bias, eps)


def by_groups(x, weight, bias, groups, eps=1e-5):
    return reference.group_norm(flat(x), groups, weight, bias, eps)[0].reshape(x.shape)


def by_neighbours(x, *options):
    return reference.local_response_norm(flat(x), *options)[0].reshape(x.shape)


def by_length(x, weight, eps=1e-10):
    return x / np.sqrt((x**2).sum(axis=1, keepdims=True) + eps) * weight[:, None, None]


def evaluated(x, weight, bias):
    statistics = (minidet.tensor(a.astype(x.dtype)) for a in (MEAN, VAR))
    return F.batch_norm(x, *statistics, weight, bias)


def torch_evaluated(x, weight, bias):
    statistics = (torch().tensor(a, dtype=x.dtype) for a in (MEAN, VAR))
    return torch().nn.functional.batch_norm(x, *statistics, weight, bias)


def frozen():
    """Return a layer with statistics that are not 0 and 1."""
    layer = nn.FrozenBatchNorm2d(3)
    layer.load_state_dict({"weight": W + 1, "bias": MEAN, "running_mean": MEAN, "running_var": VAR})
    return layer


BAD_BATCH = (
    Bad(lambda: F.batch_norm(X[0, 0, 0], None, None, training=True), ValueError, "batch_norm: input"),
    Bad(lambda: F.batch_norm(X[:1, :, 0, 0], None, None, training=True), ValueError, "batch_norm: input"),
    Bad(lambda: F.batch_norm(X, None, None), ValueError, "batch_norm: running_mean"),
    Bad(lambda: F.batch_norm(X, W, None), ValueError, "batch_norm: running_var"),
    Bad(lambda: F.batch_norm(X, W[:2], W), ValueError, "batch_norm: running_mean"),
    Bad(lambda: F.batch_norm(X, W, W, W[:2]), ValueError, "batch_norm: weight"),
    Bad(lambda: F.batch_norm(X, W, W, W, W[None]), ValueError, "batch_norm: bias"),
    Bad(lambda: F.batch_norm(X, W.astype(np.float32), W), TypeError, "batch_norm: running_mean"),
    Bad(lambda: F.batch_norm(X.astype(np.int64), W, W), TypeError, "batch_norm: input"),
    Bad(lambda: F.batch_norm(X, W, W, eps=-1.0), ValueError, "batch_norm: eps"),
    Bad(lambda: F.batch_norm(X, W, W, eps="1"), TypeError, "batch_norm: eps"),
    Bad(lambda: F.batch_norm(X, W, W, momentum=None), TypeError, "batch_norm: momentum"),
)
BAD_GROUP = (
    Bad(lambda: F.group_norm(X, 2), ValueError, "group_norm: num_groups"),
    Bad(lambda: F.group_norm(X, 0), ValueError, "group_norm: num_groups"),
    Bad(lambda: F.group_norm(X[0, 0, 0], 1), ValueError, "group_norm: input"),
    Bad(lambda: F.group_norm(X[:1, :, 0, 0], 3), ValueError, "group_norm: input"),
    Bad(lambda: F.group_norm(X, 3, W[:1]), ValueError, "group_norm: weight"),
    Bad(lambda: F.group_norm(X, 3, W, W.astype(np.float32)), TypeError, "group_norm: bias"),
)
BAD_LOCAL = (
    Bad(lambda: F.local_response_norm(X, 0), ValueError, "local_response_norm: size"),
    Bad(lambda: F.local_response_norm(X, 2.0), TypeError, "local_response_norm: size"),
    Bad(lambda: F.local_response_norm(X[0, 0], 2), ValueError, "local_response_norm: input"),
    Bad(lambda: F.local_response_norm(X, 2, beta="1"), TypeError, "local_response_norm: beta"),
    Bad(lambda: F.local_response_norm(X, 2, float("nan")), ValueError, "local_response_norm: alpha"),
)
BAD_LENGTH = (
    Bad(lambda: F.l2_norm(X, W[:2]), ValueError, "l2_norm: weight"),
    Bad(lambda: F.l2_norm(X, None), TypeError, "l2_norm: weight"),
    Bad(lambda: F.l2_norm(X[0], W), ValueError, "l2_norm: input"),
    Bad(lambda: F.l2_norm(X, W.astype(np.float32)), TypeError, "l2_norm: weight"),
)

ROWS = [
    Row(
        name="F.batch_norm",
        variant="training",
        call=lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        inputs=inputs(2, 3, 4, 5),
        reference=by_batch,
        torch=lambda x, w, b: torch().nn.functional.batch_norm(x, None, None, w, b, True),
        empty=nothing,
        bad=BAD_BATCH,
    ),
    Row(
        name="F.batch_norm",
        variant="training, vectors",
        call=lambda x, w, b: F.batch_norm(x, None, None, w, b, True, eps=0.1),
        inputs=inputs(5, 3),
        reference=lambda x, w, b: by_batch(x, w, b, 0.1),
        torch=lambda x, w, b: torch().nn.functional.batch_norm(x, None, None, w, b, True, eps=0.1),
        empty=lambda rng: [np.zeros((0, 3)), np.ones(3), np.zeros(3)],
    ),
    Row(
        name="F.batch_norm",
        variant="training, rows, no weight",
        call=lambda x: F.batch_norm(x, None, None, training=True),
        inputs=lambda rng: [rng.standard_normal((2, 3, 4))],
        reference=lambda x: by_batch(x, np.ones(3), np.zeros(3)),
        torch=lambda x: torch().nn.functional.batch_norm(x, None, None, training=True),
    ),
    Row(
        name="F.batch_norm",
        variant="evaluation",
        call=evaluated,
        inputs=inputs(2, 3, 4, 5),
        reference=by_statistics,
        torch=torch_evaluated,
        empty=nothing,
    ),
    Row(
        name="F.group_norm",
        variant="2 groups",
        call=lambda x, w, b: F.group_norm(x, 2, w, b),
        inputs=inputs(2, 4, 3, 3),
        reference=lambda x, w, b: by_groups(x, w, b, 2),
        torch=lambda x, w, b: torch().nn.functional.group_norm(x, 2, w, b),
        empty=lambda rng: [np.zeros((0, 4, 3, 3)), np.ones(4), np.zeros(4)],
        bad=BAD_GROUP,
    ),
    Row(
        name="F.group_norm",
        variant="1 group, vectors, no weight",
        call=lambda x: F.group_norm(x, 1),
        inputs=lambda rng: [rng.standard_normal((3, 6))],
        reference=lambda x: by_groups(x, np.ones(6), np.zeros(6), 1),
        torch=lambda x: torch().nn.functional.group_norm(x, 1),
    ),
    Row(
        name="F.local_response_norm",
        call=lambda x: F.local_response_norm(x, 3, 0.5, 0.75, 2.0),
        inputs=lambda rng: [rng.standard_normal((2, 5, 3, 4))],
        reference=lambda x: by_neighbours(x, 3, 0.5, 0.75, 2.0),
        torch=lambda x: torch().nn.functional.local_response_norm(x, 3, 0.5, 0.75, 2.0),
        empty=lambda rng: [np.zeros((0, 5, 3, 4))],
        bad=BAD_LOCAL,
    ),
    Row(
        name="F.local_response_norm",
        variant="even size, beta 0.6, rows",
        call=lambda x: F.local_response_norm(x, 4, 0.5, 0.6),
        inputs=lambda rng: [rng.standard_normal((2, 5, 6))],
        reference=lambda x: by_neighbours(x, 4, 0.5, 0.6, 1.0),
        torch=lambda x: torch().nn.functional.local_response_norm(x, 4, 0.5, 0.6),
    ),
    Row(
        name="F.l2_norm",
        call=F.l2_norm,
        inputs=lambda rng: inputs(2, 3, 4, 5)(rng)[:2],
        reference=by_length,
        empty=lambda rng: nothing(rng)[:2],
        bad=BAD_LENGTH,
    ),
    Row(
        name="nn.BatchNorm1d",
        call=None,
        module=lambda: nn.BatchNorm1d(3),
        torch_module=lambda: torch().nn.BatchNorm1d(3),
        inputs=lambda rng: [rng.standard_normal((5, 3))],
        reference=lambda x: by_batch(x, np.ones(3), np.zeros(3)),
        empty=lambda rng: [np.zeros((0, 3))],
        bad=(
            Bad(lambda: nn.BatchNorm1d(0), ValueError, "BatchNorm1d: num_features"),
            Bad(lambda: nn.BatchNorm1d(3)(minidet.tensor(X)), ValueError, "BatchNorm1d: input"),
        ),
    ),
    Row(
        name="nn.BatchNorm2d",
        call=None,
        module=lambda: nn.BatchNorm2d(3),
        torch_module=lambda: torch().nn.BatchNorm2d(3),
        inputs=lambda rng: [rng.standard_normal((2, 3, 4, 5))],
        reference=lambda x: by_batch(x, np.ones(3), np.zeros(3)),
        empty=lambda rng: [np.zeros((0, 3, 4, 5))],
        bad=(
            Bad(lambda: nn.BatchNorm2d(4)(minidet.tensor(X)), ValueError, "BatchNorm2d: input"),
            Bad(lambda: nn.BatchNorm2d(3)(minidet.tensor(X[0])), ValueError, "BatchNorm2d: input"),
            Bad(lambda: nn.BatchNorm2d(3, eps=-1.0), ValueError, "BatchNorm2d: eps"),
        ),
    ),
    Row(
        name="nn.FrozenBatchNorm2d",
        call=None,
        module=frozen,
        inputs=lambda rng: [rng.standard_normal((2, 3, 4, 5))],
        reference=lambda x: by_statistics(x, W + 1, MEAN),
        empty=lambda rng: [np.zeros((0, 3, 4, 5))],
        bad=(Bad(lambda: frozen()(minidet.tensor(X[:, :2])), ValueError, "FrozenBatchNorm2d: input"),),
    ),
    Row(
        name="nn.GroupNorm",
        call=None,
        module=lambda: nn.GroupNorm(2, 4),
        torch_module=lambda: torch().nn.GroupNorm(2, 4),
        inputs=lambda rng: [rng.standard_normal((2, 4, 3, 3))],
        reference=lambda x: by_groups(x, np.ones(4), np.zeros(4), 2),
        empty=lambda rng: [np.zeros((0, 4, 3, 3))],
        bad=(Bad(lambda: nn.GroupNorm(3, 4), ValueError, "GroupNorm: num_groups"),),
    ),
    Row(
        name="nn.LocalResponseNorm",
        call=None,
        module=lambda: nn.LocalResponseNorm(3, 0.5),
        torch_module=lambda: torch().nn.LocalResponseNorm(3, 0.5),
        inputs=lambda rng: [rng.standard_normal((2, 5, 3, 4))],
        reference=lambda x: by_neighbours(x, 3, 0.5, 0.75, 1.0),
        empty=lambda rng: [np.zeros((0, 5, 3, 4))],
        bad=(Bad(lambda: nn.LocalResponseNorm(0), ValueError, "LocalResponseNorm: size"),),
    ),
    Row(
        name="nn.L2Norm",
        call=None,
        module=lambda: nn.L2Norm(3, 2.0),
        inputs=lambda rng: [rng.standard_normal((2, 3, 4, 5))],
        reference=lambda x: by_length(x, np.full(3, 2.0)),
        empty=lambda rng: [np.zeros((0, 3, 4, 5))],
        bad=(Bad(lambda: nn.L2Norm(0), ValueError, "L2Norm: num_channels"),),
    ),
]
