"""Rows of the losses of classes. Weights, which have no gradient, are closed over, in the input's dtype."""

import numpy as np
import scipy.special

import minidet.nn.functional as F
from minidet import nn, tensor

from .row import Bad, Row, torch

ONES = np.ones
WEIGHT = np.array([0.5, 2.0, 1.0, 0.0, 1.5])


def reduce(losses, reduction="mean", total=None):
    if reduction == "none":
        return losses
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            losses.sum() / np.float64(losses.size if total is None else total) if reduction == "mean" else losses.sum()
        )


def constant(array, x):
    """A constant in the dtype of x, for tensors of either library."""
    if isinstance(x, np.ndarray):
        return array.astype(x.dtype)
    if type(x).__module__.startswith("torch"):
        return torch().tensor(array, dtype=x.dtype)
    return tensor(array.astype(x.dtype))


def labels_of(rng, shape, ignored=-100):
    labels = rng.integers(0, 5, shape)
    labels.reshape(-1)[1::4] = ignored
    return labels


def scores(*shape, ignored=None):
    """Scores (N, 5, ...) or (5,), and their targets, a quarter of them ignored if asked."""

    def draw(rng):
        target = shape[:1] + shape[2:] if len(shape) > 1 else ()
        labels = rng.integers(0, 5, target) if ignored is None else labels_of(rng, target, ignored)
        return [rng.standard_normal(shape), np.asarray(labels)]

    return draw


def nll(log_p, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """Return the smoothed negative log likelihood of (N, K, ...), pixel by pixel."""
    if log_p.ndim == 1:
        return nll(log_p[None], target[None], weight, reduction="sum")
    weight = np.ones(log_p.shape[1]) if weight is None else weight
    log_p = np.moveaxis(log_p, 1, -1)
    losses, total = np.zeros(target.shape), 0.0
    for index in np.ndindex(target.shape):
        label = target[index]
        if label != ignore_index:
            soft = label_smoothing * np.mean(weight * log_p[index])
            losses[index] = -(1 - label_smoothing) * weight[label] * log_p[(*index, label)] - soft
            total += weight[label]
    return reduce(losses, reduction, total)


def entropy(x, target, weight=None, **options):
    return nll(scipy.special.log_softmax(x, min(1, x.ndim - 1)), target, weight, **options)


def no_scores(*shape):
    return lambda rng: [np.zeros((0, 5, *shape)), np.zeros((0, *shape), np.int64)]


def bad_classes(name, function):
    x, y = ONES((4, 3)), np.array([0, 1, 2, 0])
    return (
        Bad(
            lambda: function(x, np.array([0, 1, 2, 3])), IndexError, rf"{name}: target contains 3, expected .*\[0, 3\)"
        ),
        Bad(lambda: function(x, np.array([0, -1, 2, 1])), IndexError, f"{name}: target contains -1"),
        Bad(lambda: function(x, y[:3]), ValueError, rf"{name}: target has shape \(3,\), expected \(4,\)"),
        Bad(lambda: function(x, ONES((4, 3))), ValueError, f"{name}: target has shape"),
        Bad(lambda: function(x, ONES(4)), TypeError, f"{name}: target has dtype float64"),
        Bad(lambda: function(x, y > 0), TypeError, f"{name}: target has dtype bool"),
        Bad(lambda: function(ONES((4, 3), int), y), TypeError, f"{name}: input has dtype int64"),
        Bad(lambda: function(ONES((4, 0)), y), ValueError, f"{name}: input has shape"),
        Bad(lambda: function(np.float64(1), y), ValueError, f"{name}: input has shape"),
        Bad(lambda: function(x, y, weight=ONES(2)), ValueError, rf"{name}: weight has shape \(2,\), expected \(3,\)"),
        Bad(lambda: function(x, y, weight=ONES(3, np.float32)), TypeError, f"{name}: weight has dtype float32"),
        Bad(lambda: function(x, y, weight=tensor(ONES(3), requires_grad=True)), ValueError, f"{name}: weight requires"),
        Bad(lambda: function(x, y, reduction="average"), ValueError, f"{name}: reduction is 'average'"),
    )


def bad_pixels(name, function):
    return (
        Bad(lambda: function(ONES((2, 3, 4, 4)), np.zeros((2, 4, 5), int)), ValueError, f"{name}: target has shape"),
        Bad(
            lambda: function(ONES((2, 3)), np.zeros(2, int), ignore_index=0.5),
            TypeError,
            f"{name}: ignore_index is 0.5",
        ),
    )


def cross_entropy_row(variant, inputs, weighted, empty=None, bad=(), **options):
    def call(x, target):
        return F.cross_entropy(x, target, constant(WEIGHT, x) if weighted else None, **options)

    def twin(x, target):
        return torch().nn.functional.cross_entropy(x, target, constant(WEIGHT, x) if weighted else None, **options)

    def reference(x, target):
        return entropy(x, target, WEIGHT if weighted else None, **options)

    return Row("F.cross_entropy", call, inputs, reference, twin, variant, empty, bad)


def nll_row(variant, inputs, weighted, empty=None, bad=(), **options):
    def call(x, target):
        return F.nll_loss(x, target, constant(WEIGHT, x) if weighted else None, **options)

    def twin(x, target):
        return torch().nn.functional.nll_loss(x, target, constant(WEIGHT, x) if weighted else None, **options)

    def reference(x, target):
        return nll(x, target, WEIGHT if weighted else None, **options)

    return Row("F.nll_loss", call, inputs, reference, twin, variant, empty, bad)


SMOOTHING_BAD = tuple(
    Bad(lambda value=value: F.cross_entropy(ONES((1, 2)), np.array([0]), label_smoothing=value), ValueError,
        "cross_entropy: label_smoothing is") for value in (-0.1, 1.1, float("nan"))
)  # fmt: skip

CLASSES = [
    cross_entropy_row("mean", scores(6, 5), False, empty=no_scores(),
                      bad=bad_classes("cross_entropy", F.cross_entropy) + SMOOTHING_BAD),
    cross_entropy_row("pixels, ignored", scores(2, 5, 3, 4, ignored=-100), False, empty=no_scores(3, 4),
                      bad=bad_pixels("cross_entropy", F.cross_entropy)),
    cross_entropy_row("pixels, weighted, ignored 2", scores(2, 5, 3, 4, ignored=2), True, ignore_index=2),
    cross_entropy_row("none", scores(2, 5, 6, ignored=-1), True, ignore_index=-1, reduction="none", empty=no_scores(6)),
    cross_entropy_row("sum, smoothed", scores(6, 5, ignored=-100), True, reduction="sum", label_smoothing=0.2),
    cross_entropy_row("mean, smoothed", scores(2, 5, 2, 2, ignored=-100), False, label_smoothing=0.1),
    cross_entropy_row("mean, weighted, smoothed", scores(2, 5, 3, ignored=-100), True, label_smoothing=1.0),
    cross_entropy_row("one", scores(5), False),
    *(Row("F.cross_entropy", lambda x, y, k=k: F.cross_entropy(x, y) * k, scores(6, 5),
          lambda x, y, k=k: k * entropy(x, y), lambda x, y, k=k: torch().nn.functional.cross_entropy(x, y) * k,
          f"times {k}") for k in (0, 2, -7)),
    cross_entropy_row("one each, none", scores(6, 5), True, reduction="none"),
    cross_entropy_row("one, none", scores(5), False, reduction="none"),
    nll_row("mean", scores(6, 5), False, empty=no_scores(), bad=bad_classes("nll_loss", F.nll_loss)),
    nll_row("pixels, weighted, ignored", scores(2, 5, 2, 3, ignored=-100), True, empty=no_scores(2, 3),
            bad=bad_pixels("nll_loss", F.nll_loss)),
    nll_row("none", scores(2, 5, 3, ignored=4), True, ignore_index=4, reduction="none"),
    nll_row("sum, one", scores(5), False, reduction="sum"),
]  # fmt: skip


def hinge(x, target, p=1, margin=1.0, weight=None, reduction="mean"):
    losses = []
    for row, label in zip(np.atleast_2d(x), np.atleast_1d(target), strict=True):
        excess = np.maximum(0, margin - row[label] + np.delete(row, label)) ** p
        losses.append(excess.sum() * (1 if weight is None else weight[label]) / len(row))
    return reduce(np.array(losses).reshape(target.shape), reduction)


def hinge_inputs(rng):
    """Scores on a grid with an offset: no margin is exactly met."""
    return [rng.permutation(30).reshape(6, 5) * 0.21 - 3, rng.integers(0, 5, 6)]


BAD_HINGE = (
    *bad_classes("multi_margin_loss", F.multi_margin_loss),
    Bad(
        lambda: F.multi_margin_loss(ONES((2, 3, 4)), np.zeros((2, 4), int)), ValueError, "multi_margin_loss: input has"
    ),
    Bad(lambda: F.multi_margin_loss(ONES((2, 3)), np.zeros(2, int), p=3), ValueError, "multi_margin_loss: p is 3"),
)
HINGE = [
    Row("F.multi_margin_loss", F.multi_margin_loss, hinge_inputs, hinge,
        lambda x, y: torch().nn.functional.multi_margin_loss(x, y), empty=no_scores(), bad=BAD_HINGE),
    Row("F.multi_margin_loss", lambda x, y: F.multi_margin_loss(x, y, 2, 0.5, constant(WEIGHT, x), reduction="none"),
        hinge_inputs,
        lambda x, y: hinge(x, y, 2, 0.5, WEIGHT, "none"),
        lambda x, y: torch().nn.functional.multi_margin_loss(x, y, 2, 0.5, constant(WEIGHT, x), reduction="none"),
        "squared, weighted, none"),
    Row("F.multi_margin_loss", lambda x, y: F.multi_margin_loss(x, y, reduction="sum"), scores(5),
        lambda x, y: hinge(x, y, reduction="sum"),
        lambda x, y: torch().nn.functional.multi_margin_loss(x, y, reduction="sum"), "one, sum"),
    Row("F.multi_margin_loss", lambda x, y: F.multi_margin_loss(x, y, reduction="sum"), hinge_inputs,
        lambda x, y: hinge(x, y, reduction="sum"),
        lambda x, y: torch().nn.functional.multi_margin_loss(x, y, reduction="sum"), "sum"),
]  # fmt: skip

LAYERS = [
    Row("nn.CrossEntropyLoss", None, scores(2, 5, 3, ignored=2),
        lambda x, t: entropy(x, t, ignore_index=2, reduction="sum", label_smoothing=0.1),
        module=lambda: nn.CrossEntropyLoss(ignore_index=2, reduction="sum", label_smoothing=0.1), empty=no_scores(3),
        torch_module=lambda: torch().nn.CrossEntropyLoss(ignore_index=2, reduction="sum", label_smoothing=0.1),
        bad=(Bad(lambda: nn.CrossEntropyLoss(reduction="no"), ValueError, "CrossEntropyLoss: reduction is 'no'"),)),
    Row("nn.NLLLoss", None, scores(2, 5, 3, ignored=2), lambda x, t: nll(x, t, ignore_index=2, reduction="sum"),
        module=lambda: nn.NLLLoss(ignore_index=2, reduction="sum"), empty=no_scores(3),
        torch_module=lambda: torch().nn.NLLLoss(ignore_index=2, reduction="sum"),
        bad=(Bad(lambda: nn.NLLLoss(reduction="no"), ValueError, "NLLLoss: reduction is 'no'"),)),
    Row("nn.MultiMarginLoss", None, hinge_inputs, lambda x, t: hinge(x, t, 2, 0.5), empty=no_scores(),
        module=lambda: nn.MultiMarginLoss(2, 0.5), torch_module=lambda: torch().nn.MultiMarginLoss(2, 0.5),
        bad=(Bad(lambda: nn.MultiMarginLoss(p=3), ValueError, "MultiMarginLoss: p is 3"),)),
]  # fmt: skip

ROWS = CLASSES + HINGE + LAYERS
