"""Rows of the affine map, flatten, identity, pad, one_hot, normalize and dropout."""

import numpy as np

import minidet.nn.functional as F
from minidet import nn, tensor

from .row import Bad, Row, away_from, torch

ONES = np.ones


def linear_inputs(rng):
    return [rng.standard_normal((4, 3)), rng.standard_normal((2, 3)), rng.standard_normal(2)]


def no_rows(rng):
    return [np.zeros((0, 3)), rng.standard_normal((2, 3)), rng.standard_normal(2)]


LINEAR_BAD = (
    Bad(
        lambda: F.linear(ONES((4, 5)), ONES((2, 3))),
        ValueError,
        r"linear: input has shape \(4, 5\), expected \(..., 3\)",
    ),
    Bad(lambda: F.linear(np.float64(1), ONES((2, 3))), ValueError, r"linear: input has shape \(\)"),
    Bad(lambda: F.linear(ONES(3), ONES(3)), ValueError, r"linear: weight has shape \(3,\), expected a 2-D"),
    Bad(lambda: F.linear(ONES((4, 3)), ONES((2, 3)), ONES(3)), ValueError, r"linear: bias has shape \(3,\)"),
    Bad(lambda: F.linear(ONES((4, 3)), ONES((2, 3), np.float32)), TypeError, "linear: weight has dtype float32"),
    Bad(lambda: F.linear(ONES((4, 3), int), ONES((2, 3))), TypeError, "linear: input has dtype int64"),
)

LINEAR = [
    Row("F.linear", F.linear, linear_inputs, lambda x, w, b: np.einsum("nc,fc->nf", x, w) + b,
        lambda x, w, b: torch().nn.functional.linear(x, w, b), empty=no_rows, bad=LINEAR_BAD),
    *(Row("F.linear", F.linear, lambda rng, c=c, f=f: [ONES((4, c)), ONES((f, c)), ONES(f)],
          lambda x, w, b: x @ w.T + b, lambda x, w, b: torch().nn.functional.linear(x, w, b), f"{c} features to {f}")
      for c, f in ((0, 3), (3, 0), (0, 0))),
    Row("F.linear", F.linear, lambda rng: [rng.standard_normal((2, 3, 4)), rng.standard_normal((5, 4))],
        lambda x, w: np.einsum("abc,fc->abf", x, w), lambda x, w: torch().nn.functional.linear(x, w),
        "three axes, no bias"),
    Row("F.linear", F.linear, lambda rng: [rng.standard_normal(4), rng.standard_normal((5, 4)), rng.standard_normal(5)],
        lambda x, w, b: w @ x + b, lambda x, w, b: torch().nn.functional.linear(x, w, b), "one axis"),
    Row("nn.Linear", None, lambda rng: [rng.standard_normal((4, 3))], empty=lambda rng: [np.zeros((0, 3))],
        module=lambda: nn.Linear(3, 2), torch_module=lambda: torch().nn.Linear(3, 2),
        bad=(Bad(lambda: nn.Linear(3, 2)(ONES((4, 5), np.float32)), ValueError, "linear: input has shape"),
             Bad(lambda: nn.Linear(0, 2), ValueError, "Linear: in_features is 0"),
             Bad(lambda: nn.Linear(3, 2.0), TypeError, "Linear: out_features is 2.0"))),
    Row("nn.Linear", None, lambda rng: [rng.standard_normal((2, 4, 3))], variant="no bias",
        module=lambda: nn.Linear(3, 2, bias=False), torch_module=lambda: torch().nn.Linear(3, 2, bias=False)),
]  # fmt: skip

SHAPES = [
    Row("nn.Flatten", None, lambda rng: [rng.standard_normal((2, 3, 4))], lambda x: x.reshape(len(x), -1),
        empty=None,  # -1 has no meaning without elements
        module=nn.Flatten, torch_module=lambda: torch().nn.Flatten(),
        bad=(Bad(lambda: nn.Flatten(1, 3)(ONES((2, 2))), IndexError, "flatten: end_dim is 3"),)),
    Row("nn.Identity", None, lambda rng: [rng.standard_normal((2, 3))], np.copy, module=nn.Identity,
        torch_module=lambda: torch().nn.Identity(), empty=lambda rng: [np.zeros((0, 3))]),
    Row("F.pad", lambda x: F.pad(x, (1, 2, 0, 1), value=3.0), lambda rng: [rng.standard_normal((2, 3, 4))],
        lambda x: np.pad(x, ((0, 0), (0, 1), (1, 2)), constant_values=3.0),
        lambda x: torch().nn.functional.pad(x, (1, 2, 0, 1), value=3.0), empty=lambda rng: [np.zeros((0, 3, 4))],
        bad=(Bad(lambda: F.pad(ONES((2, 2)), (1,)), ValueError, "pad: "),)),
    Row("F.one_hot", lambda labels: F.one_hot(labels, 5), lambda rng: [rng.integers(0, 5, (2, 3))],
        lambda labels: np.eye(5, dtype=np.int64)[labels], lambda labels: torch().nn.functional.one_hot(labels, 5),
        empty=lambda rng: [np.zeros((0, 3), np.int64)], differentiable=False,
        bad=(Bad(lambda: F.one_hot(np.array([5]), 5), IndexError, r"one_hot: .* in \[0, 5\)"),
             Bad(lambda: F.one_hot(np.array([-1]), 5), IndexError, "one_hot: tensor contains -1"),
             Bad(lambda: F.one_hot(np.array([-1])), IndexError, "one_hot: tensor contains -1"),
             Bad(lambda: F.one_hot(np.array([1.0])), TypeError, "one_hot: tensor has dtype float64"),
             Bad(lambda: F.one_hot(np.array([1]), -2), ValueError, "one_hot: num_classes is -2"),
             Bad(lambda: F.one_hot(np.zeros(0, int)), ValueError, "one_hot: num_classes is -1"))),
    Row("F.one_hot", F.one_hot, lambda rng: [np.array([2, 0, 3])], lambda labels: np.eye(4, dtype=np.int64)[labels],
        lambda labels: torch().nn.functional.one_hot(labels), "number of classes from the labels",
        differentiable=False),
]  # fmt: skip


def normalize(x, p, axis, eps=1e-12):
    return x / np.maximum(np.linalg.norm(x, p, axis, keepdims=True), eps)


NORMALIZE = [
    Row("F.normalize", F.normalize, lambda rng: [rng.standard_normal((2, 3, 4))], lambda x: normalize(x, 2, 1),
        lambda x: torch().nn.functional.normalize(x), empty=lambda rng: [np.zeros((0, 3, 4))],
        bad=(Bad(lambda: F.normalize(ONES((2, 2)), p=-1), ValueError, "normalize: p is -1"),
             Bad(lambda: F.normalize(ONES((2, 2)), eps=0), ValueError, "normalize: eps is 0"),
             Bad(lambda: F.normalize(ONES((2, 2), "f"), eps=1e-50), ValueError,
                 "normalize: eps is 1e-50, expected a number > 0 in float32"),
             Bad(lambda: F.normalize(ONES(2)), IndexError, "normalize: dim is 1"),
             Bad(lambda: F.normalize(ONES((2, 2), int)), TypeError, "normalize: input has dtype int64"))),
    Row("F.normalize", lambda x: F.normalize(x, p=1.5, dim=0, eps=2.0), lambda rng: [away_from(rng, (3, 4), 0.0)],
        lambda x: normalize(x, 1.5, 0, 2.0), lambda x: torch().nn.functional.normalize(x, p=1.5, dim=0, eps=2.0),
        "p 1.5, some shorter than eps"),
    Row("F.normalize", lambda x: F.normalize(x, p=3, dim=-1), lambda rng: [away_from(rng, (2, 3, 4), 0.0)],
        lambda x: normalize(x, 3, -1), lambda x: torch().nn.functional.normalize(x, p=3, dim=-1), "p 3, last axis"),
    Row("F.normalize", lambda x: F.normalize(x, p=1, eps=100.0), lambda rng: [away_from(rng, (2, 3), 0.0)],
        lambda x: x / 100, lambda x: torch().nn.functional.normalize(x, p=1, eps=100.0), "shorter than eps"),
    *(Row("F.normalize", lambda x, p=p: F.normalize(x, p=p), lambda rng: [away_from(rng, (2, 5), 0.0)],
          lambda x, p=p: normalize(x, p, 1), lambda x, p=p: torch().nn.functional.normalize(x, p=p), f"p {p}",
          empty=lambda rng: [np.zeros((0, 3))])
      for p in (0, 0.5, 1, 1.5, np.inf)),
    Row("F.normalize", lambda x: F.normalize(x, dim=0), lambda rng: [rng.uniform(1, 2, ())], np.sign,
        lambda x: torch().nn.functional.normalize(x, dim=0), "0-d"),
]  # fmt: skip


def zeros_of(seed, shape, p):
    """The factors that a generator started from ``seed`` draws."""
    return (np.random.default_rng(seed).random(shape, np.float32) >= p) / (1 - p)


IMAGES = ONES((2, 3, 4, 4))

DROPOUT = [
    Row("F.dropout", lambda x: F.dropout(x, 0.25, rng=np.random.default_rng(3)),
        lambda rng: [rng.standard_normal((4, 5))], lambda x: x * zeros_of(3, x.shape, 0.25), variant="training",
        empty=lambda rng: [np.zeros((0, 5))],
        bad=(Bad(lambda: F.dropout(ONES(3), 1.5), ValueError, r"dropout: p is 1.5, expected a number in \[0, 1\]"),
             Bad(lambda: F.dropout(ONES(3), -0.1), ValueError, "dropout: p is -0.1"),
             Bad(lambda: F.dropout(ONES(3), float("nan")), ValueError, "dropout: p is nan"),
             Bad(lambda: F.dropout(ONES(3, int)), TypeError, "dropout: input has dtype int64"))),
    Row("F.dropout", lambda x: F.dropout(x, 1.0), lambda rng: [rng.standard_normal((4, 5))], np.zeros_like,
        lambda x: torch().dropout(x, 1.0, True), "p 1"),
    Row("F.dropout2d", lambda x: F.dropout2d(x, 0.5, rng=np.random.default_rng(3)),
        lambda rng: [rng.standard_normal((2, 3, 2, 2))], lambda x: x * zeros_of(3, (*x.shape[:2], 1, 1), 0.5),
        variant="training", empty=lambda rng: [np.zeros((0, 3, 2, 2))],
        bad=(Bad(lambda: F.dropout2d(ONES((2, 3))), ValueError, r"dropout2d: input has shape \(2, 3\), expected a 4-D"),
             Bad(lambda: F.dropout2d(IMAGES, 2), ValueError, "dropout2d: p is 2"))),
    Row("nn.Dropout", lambda x: nn.Dropout(0.25, rng=np.random.default_rng(3))(x),
        lambda rng: [rng.standard_normal((4, 5))], lambda x: x * zeros_of(3, x.shape, 0.25), variant="training",
        empty=lambda rng: [np.zeros((0, 5))], bad=(Bad(lambda: nn.Dropout(-1), ValueError, "Dropout: p is -1"),)),
    Row("nn.Dropout2d", lambda x: nn.Dropout2d(0.5, rng=np.random.default_rng(3))(x),
        lambda rng: [rng.standard_normal((2, 3, 2, 2))], lambda x: x * zeros_of(3, (*x.shape[:2], 1, 1), 0.5),
        variant="training", empty=lambda rng: [np.zeros((0, 3, 2, 2))],
        bad=(Bad(lambda: nn.Dropout2d(2), ValueError, "Dropout2d: p is 2"),
             Bad(lambda: nn.Dropout2d()(ONES(3)), ValueError, "dropout2d: input has shape"))),
]  # fmt: skip

SEQUENTIAL = [
    Row("nn.Sequential", None, lambda rng: [rng.standard_normal((4, 3))], empty=lambda rng: [np.zeros((0, 3))],
        module=lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)),
        torch_module=lambda: torch().nn.Sequential(torch().nn.Linear(3, 4), torch().nn.Tanh(), torch().nn.Linear(4, 2)),
        bad=(Bad(lambda: nn.Sequential(tensor(1.0)), TypeError, "Sequential: 0 is a Tensor, expected a Module"),)),
]  # fmt: skip

ROWS = LINEAR + SHAPES + NORMALIZE + DROPOUT + SEQUENTIAL
