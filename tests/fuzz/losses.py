"""Calls of losses."""

import numpy as np
import scipy.special

from .elementwise import log_softmax
from .operation import Operation, torch

REDUCTIONS = ("mean", "sum", "none")


def reduction(d):
    kind = d.pick(None, *REDUCTIONS)
    return {} if kind is None else {"reduction": kind}


def reduce(losses, how="mean", total=None):
    if how == "none":
        return losses
    return losses.sum() / np.float64(losses.size if total is None else total) if how == "mean" else losses.sum()


# of numbers ------------------------------------------------------------------------------------------------------


def numbers(*keyword_values):
    def draw(d):
        shape, dtype = d.shape(), d.float()
        options = reduction(d)
        if keyword_values and d.maybe(50):
            options[keyword_values[0]] = d.pick(*keyword_values[1:])
        return (d.array(shape, dtype, d.values()), d.array(shape, dtype, d.values())), options

    return draw


def smooth(x, beta=1.0):
    if beta == 0:
        return np.abs(x)
    return np.where(np.abs(x) < beta, x**2 / (2 * beta), np.abs(x) - beta / 2)


def huber(x, delta=1.0):
    return delta * smooth(x, delta)


def of_difference(cost):
    def reference(x, y, reduction="mean", **options):
        return reduce(cost(x - y, **options), reduction)

    return reference


# of yes and no ---------------------------------------------------------------------------------------------------


def binary(logits, positive=False):
    def draw(d):
        shape, dtype = d.shape(0, 3), d.float()
        x = d.array(shape, dtype, d.pick("normal", "normal", "wide") if logits else "uniform", low=0.0, high=1.0)
        target = d.array(shape, dtype, d.pick("uniform", "whole"), grad=False, low=0, high=1)
        if target.values == "whole":
            target = d.array(shape, dtype, "whole", grad=False, low=0, high=2)
        options = reduction(d)
        if d.maybe(30):
            options["weight"] = d.array(d.fits(shape), dtype, "uniform", grad=False, low=0, high=2)
        if positive and d.maybe(30):
            options["pos_weight"] = d.array(shape[-1:], dtype, "uniform", grad=False, low=0, high=3)
        return (x, target), options

    return draw


def entropy(x, target, weight=1.0, reduction="mean"):
    log_p, log_q = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
    return reduce(-weight * (target * log_p + (1 - target) * log_q), reduction)


def entropy_of_logits(x, target, weight=1.0, reduction="mean", pos_weight=1.0):
    log_p, log_q = -np.logaddexp(0, -x), -np.logaddexp(0, x)
    return reduce(-weight * (pos_weight * target * log_p + (1 - target) * log_q), reduction)


def focal(d):
    (x, target), _ = binary(True)(d)
    options = reduction(d)
    if d.maybe(50):
        options |= {"alpha": d.pick(0.25, -1, 0.0, 1.0, 0.4), "gamma": d.pick(2, 0, 1, 0.5, 3.5)}
    return (d.array(x.shape, x.dtype, "normal"), target), options


def focal_reference(x, target, alpha=0.25, gamma=2.0, reduction="none"):
    p = scipy.special.expit(x)
    p_t = p * target + (1 - p) * (1 - target)
    factor = alpha * target + (1 - alpha) * (1 - target) if alpha >= 0 else 1
    return reduce(factor * (1 - p_t) ** gamma * entropy_of_logits(x, target, reduction="none"), reduction)


def focal_torch(x, target, alpha=0.25, gamma=2, reduction="none"):
    """torchvision's formula."""
    p = torch.sigmoid(x)
    ce = torch.nn.functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    losses = ce * (1 - (p * target + (1 - p) * (1 - target))) ** gamma
    losses = (alpha * target + (1 - alpha) * (1 - target)) * losses if alpha >= 0 else losses
    return losses if reduction == "none" else getattr(losses, reduction)()


def dice(d):
    shape = (d.pick(1, 2, 3), d.pick(1, 2, 3), *d.shape(1, 2))
    dtype = d.float()
    options = reduction(d)
    if d.maybe(40):
        options["smooth"] = d.pick(1.0, 0.1, 3.0)
    return (d.array(shape, dtype, "uniform", low=0, high=1),
            d.array(shape, dtype, "uniform", grad=False, low=0, high=1)), options  # fmt: skip


def dice_reference(x, target, smooth=1.0, reduction="mean"):
    axes = tuple(range(2, x.ndim))
    both, squares = (x * target).sum(axes), np.square(x).sum(axes) + np.square(target).sum(axes)
    return reduce(1 - (2 * both + smooth) / (squares + smooth), reduction)


# of classes ------------------------------------------------------------------------------------------------------


def classes(smoothing):
    def draw(d):
        dtype, count = d.float(), d.pick(1, 2, 3, 5, 16, 17, 33)
        batch = d.shape(1, 3) if not d.maybe(8) else ()
        shape = (*batch[:1], count, *batch[1:])
        options = reduction(d)
        ignored = d.pick(None, -100, 0, 255)
        if ignored not in (None, -100):
            options["ignore_index"] = ignored
        if d.maybe(40):
            options["weight"] = d.array((count,), dtype, "uniform", grad=False, low=0.0, high=2.0)
        if smoothing and d.maybe(40):
            options["label_smoothing"] = d.pick(0.1, 0.5, 1.0)
        target = d.array(batch, "int64", "labels", high=count, ignored=ignored)
        return (d.array(shape, dtype, d.pick("normal", "normal", "wide", "whole")), target), options

    return draw


def nll(log_p, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    axis = min(1, log_p.ndim - 1)
    weight = np.ones(log_p.shape[axis]) if weight is None else weight
    counted = target != ignore_index
    label = np.where(counted, target, 0)
    log_p = np.moveaxis(log_p, axis, -1)
    weights = np.where(counted, weight[label], 0.0)
    losses = -(1 - label_smoothing) * weights * np.take_along_axis(log_p, label[..., None], -1)[..., 0]
    if label_smoothing:
        losses = losses - np.where(counted, label_smoothing * np.mean(weight * log_p, -1), 0.0)
    return reduce(np.where(counted, losses, 0.0), reduction, weights.sum())


def cross_entropy(x, target, weight=None, **options):
    return nll(log_softmax(x, min(1, x.ndim - 1)), target, weight, **options)


def margin(d):
    dtype, count = d.float(), d.pick(1, 2, 3, 5, 16, 17)
    batch = (d.pick(1, 2, 3, 8),) if not d.maybe(15) else ()
    options = reduction(d)
    if d.maybe(50):
        options |= {"p": d.pick(1, 2), "margin": d.pick(1.0, 0.5, 0.0, -0.5)}
    if d.maybe(30):
        options["weight"] = d.array((count,), dtype, "uniform", grad=False, low=0.0, high=2.0)
    return (d.array((*batch, count), dtype), d.array(batch, "int64", "labels", high=count)), options


def margin_reference(x, target, p=1, margin=1.0, weight=None, reduction="mean"):
    rows, labels = np.atleast_2d(x), np.atleast_1d(target)
    excess = np.maximum(0, margin - np.take_along_axis(rows, labels[:, None], 1) + rows) ** p
    np.put_along_axis(excess, labels[:, None], 0, 1)
    losses = excess.sum(1) * (1 if weight is None else weight[labels]) / x.shape[-1]
    return reduce(losses.reshape(target.shape), reduction)


OPERATIONS = [
    Operation("F.mse_loss", numbers(), of_difference(np.square)),
    Operation("F.l1_loss", numbers(), of_difference(np.abs), own_nan=True),
    Operation("F.smooth_l1_loss", numbers("beta", 1.0, 0.0, 0.5, 2.0), of_difference(smooth), own_nan=True),
    Operation("F.huber_loss", numbers("delta", 1.0, 0.5, 2.0), of_difference(huber)),
    Operation("F.binary_cross_entropy", binary(False), entropy, loose=10),
    Operation("F.binary_cross_entropy_with_logits", binary(True, True), entropy_of_logits),
    Operation("F.sigmoid_focal_loss", focal, focal_reference, focal_torch),
    Operation("F.dice_loss", dice, dice_reference, None),
    Operation("F.cross_entropy", classes(True), cross_entropy),
    Operation("F.nll_loss", classes(False), nll),
    Operation("F.multi_margin_loss", margin, margin_reference),
]  # fmt: skip
