"""Rows of the losses of pairs of one shape. A target without gradient is closed over, cut to the batch of the input."""

import numpy as np
import scipy.special

import minidet.nn.functional as F
from minidet import nn, tensor

from .loss import constant, reduce
from .row import Bad, Row, away_from, torch

ONES = np.ones


def like(array, x):
    """A constant in the dtype of x, cut to the batch of x."""
    return constant(array[: len(x)], x)


# yes or no -------------------------------------------------------------------------------------------------------

TARGET = np.array([[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.3, 1.0], [0.0, 0.8, 1.0, 0.0]])
POSITIVE = np.array([[2.0, 0.5, 1.0, 3.0]])
GAIN = np.array([[1.0], [0.2], [3.0]])


def probabilities(rng):
    return [rng.uniform(0.05, 0.95, (3, 4))]


def logits(rng):
    return [rng.standard_normal((3, 4))]


def nothing(rng):
    return [np.zeros((0, 4))]


def entropy_of(p, target, weight=1.0, positive=1.0):
    return -weight * (positive * target * np.log(p) + (1 - target) * np.log(1 - p))


def bad_pair(name, function):
    x = np.full((2, 3), 0.5)
    return (
        Bad(lambda: function(x, x[:1]), ValueError, rf"{name}: targets? has shape \(1, 3\), expected \(2, 3\)"),
        Bad(lambda: function(x, x.astype(np.float32)), TypeError, f"{name}: targets? has dtype float32"),
        Bad(lambda: function(x, np.ones((2, 3), int)), TypeError, f"{name}: targets? has dtype int64"),
        Bad(lambda: function(x, x, reduction="max"), ValueError, f"{name}: reduction is 'max'"),
    )


def bad_constant(name, function):
    x = np.full((2, 3), 0.5)
    return (
        *bad_pair(name, function),
        Bad(lambda: function(x, tensor(x, requires_grad=True)), ValueError, f"{name}: targets? requires grad"),
    )


def binary_bad(name, function):
    x, nan = np.full((2, 3), 0.5), np.full((2, 3), np.nan)
    bad = (
        *bad_pair(name, function),
        Bad(lambda: function(x, x, weight=tensor(ONES(3), requires_grad=True)), ValueError, f"{name}: weight requires"),
        Bad(
            lambda: function(x, x, weight=ONES(2)),
            ValueError,
            rf"{name}: weight has shape \(2,\), expected a shape that",
        ),
        Bad(lambda: function(x, x, weight=ONES((2, 2, 3))), ValueError, f"{name}: weight has shape"),
    )
    if name == "binary_cross_entropy":
        bad += (
            Bad(lambda: function(x * 3, x), ValueError, f"{name}: input has values outside"),
            Bad(lambda: function(nan, x), ValueError, f"{name}: input has values outside"),
            Bad(lambda: function(x, nan), ValueError, f"{name}: target has values outside"),
        )
    return bad


def focal(x, target, alpha=0.25, gamma=2.0, reduction="none"):
    p = scipy.special.expit(x)
    p_t = p * target + (1 - p) * (1 - target)
    factor = alpha * target + (1 - alpha) * (1 - target) if alpha >= 0 else 1
    return reduce(factor * (1 - p_t) ** gamma * entropy_of(p, target), reduction)


def torch_focal(x, alpha=0.25, gamma=2.0, reduction="none"):
    """torchvision's formula in PyTorch's operations."""
    target, p = like(TARGET, x), torch().sigmoid(x)
    ce = torch().nn.functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    factor = alpha * target + (1 - alpha) * (1 - target) if alpha >= 0 else 1
    losses = factor * ce * (1 - p_t) ** gamma
    return losses if reduction == "none" else getattr(losses, reduction)()


BINARY = [
    Row("F.binary_cross_entropy", lambda x: F.binary_cross_entropy(x, like(TARGET, x)), probabilities,
        lambda x: reduce(entropy_of(x, like(TARGET, x))),
        lambda x: torch().nn.functional.binary_cross_entropy(x, like(TARGET, x)), empty=nothing,
        bad=binary_bad("binary_cross_entropy", F.binary_cross_entropy)),
    Row("F.binary_cross_entropy", lambda x: F.binary_cross_entropy(x, like(TARGET, x), like(GAIN, x), reduction="none"),
        probabilities, lambda x: entropy_of(x, TARGET, GAIN),
        lambda x: torch().nn.functional.binary_cross_entropy(x, like(TARGET, x), like(GAIN, x), reduction="none"),
        "weighted, none"),
    Row("F.binary_cross_entropy_with_logits", lambda x: F.binary_cross_entropy_with_logits(x, like(TARGET, x)), logits,
        lambda x: reduce(entropy_of(scipy.special.expit(x), like(TARGET, x))),
        lambda x: torch().nn.functional.binary_cross_entropy_with_logits(x, like(TARGET, x)), empty=nothing,
        bad=binary_bad("binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits)),
    Row("F.binary_cross_entropy_with_logits",
        lambda x: F.binary_cross_entropy_with_logits(x, like(TARGET, x), like(GAIN, x), reduction="sum",
                                                     pos_weight=constant(POSITIVE, x)), logits,
        lambda x: entropy_of(scipy.special.expit(x), TARGET, GAIN, POSITIVE).sum(),
        lambda x: torch().nn.functional.binary_cross_entropy_with_logits(
            x, like(TARGET, x), like(GAIN, x), reduction="sum", pos_weight=constant(POSITIVE, x)),
        "weighted, pos_weight, sum"),
    Row("F.binary_cross_entropy", lambda x, t: F.binary_cross_entropy(x, t, like(GAIN, x)),
        lambda rng: probabilities(rng) + probabilities(rng), lambda x, t: reduce(entropy_of(x, t, GAIN)),
        lambda x, t: torch().nn.functional.binary_cross_entropy(x, t, like(GAIN, x)), "gradient of the target"),
    Row("F.binary_cross_entropy", F.binary_cross_entropy, lambda rng: [rng.uniform(0.05, 0.95, (3, 4)) for _ in "xt"],
        lambda x, t: -np.mean(t * np.log(x) + (1 - t) * np.log(1 - x)),
        lambda x, t: torch().nn.functional.binary_cross_entropy(x, t), "gradient of the target, no weight"),
    Row("F.binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits,
        lambda rng: logits(rng) + probabilities(rng), lambda x, t: reduce(entropy_of(scipy.special.expit(x), t)),
        lambda x, t: torch().nn.functional.binary_cross_entropy_with_logits(x, t), "gradient of the target"),
    Row("F.binary_cross_entropy_with_logits",
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, like(GAIN, x), reduction="none",
                                                        pos_weight=constant(POSITIVE, x)),
        lambda rng: logits(rng) + probabilities(rng),
        lambda x, t: entropy_of(scipy.special.expit(x), t, GAIN, POSITIVE),
        lambda x, t: torch().nn.functional.binary_cross_entropy_with_logits(
            x, t, like(GAIN, x), reduction="none", pos_weight=constant(POSITIVE, x)),
        "gradient of the target, weighted, pos_weight, none"),
    Row("F.sigmoid_focal_loss", lambda x: F.sigmoid_focal_loss(x, like(TARGET, x)), logits,
        lambda x: focal(x, like(TARGET, x)), torch_focal, empty=nothing,
        bad=(*bad_constant("sigmoid_focal_loss", F.sigmoid_focal_loss),
             Bad(lambda: F.sigmoid_focal_loss(TARGET, TARGET, 2), ValueError, "sigmoid_focal_loss: alpha is 2"),
             Bad(lambda: F.sigmoid_focal_loss(TARGET, TARGET, 0.5, -1), ValueError, "sigmoid_focal_loss: gamma"))),
    Row("F.sigmoid_focal_loss", lambda x: F.sigmoid_focal_loss(x, like(TARGET, x), -1, 0.5, "mean"), logits,
        lambda x: focal(x, TARGET, -1, 0.5, "mean"), lambda x: torch_focal(x, -1, 0.5, "mean"),
        "no alpha, gamma 0.5, mean"),
    Row("F.sigmoid_focal_loss", lambda x: F.sigmoid_focal_loss(x, like(TARGET, x), 0.4, 0, "sum"), logits,
        lambda x: focal(x, TARGET, 0.4, 0, "sum"), lambda x: torch_focal(x, 0.4, 0, "sum"), "gamma 0, sum"),
]  # fmt: skip

MASKS = np.random.default_rng(5).integers(0, 2, (2, 3, 2, 2)).astype(float)


def dice(x, target, smooth=1.0):
    pairs = [(x[n, k].ravel(), target[n, k].ravel()) for n, k in np.ndindex(x.shape[:2])]
    losses = [1 - (2 * p @ t + smooth) / (p @ p + t @ t + smooth) for p, t in pairs]
    return np.array(losses).reshape(x.shape[:2])


DICE = [
    Row("F.dice_loss", lambda x: F.dice_loss(x, like(MASKS, x)), lambda rng: [rng.uniform(0, 1, (2, 3, 2, 2))],
        lambda x: reduce(dice(x, like(MASKS, x))), empty=lambda rng: [np.zeros((0, 3, 2, 2))],
        bad=(*bad_constant("dice_loss", F.dice_loss),
             Bad(lambda: F.dice_loss(TARGET, TARGET), ValueError, "dice_loss: input has shape"),
             Bad(lambda: F.dice_loss(MASKS, MASKS, 0), ValueError, "dice_loss: smooth is 0"),
             Bad(lambda: F.dice_loss(MASKS.astype("f"), MASKS.astype("f"), 1e-50), ValueError,
                 "dice_loss: smooth is 1e-50, expected a number > 0 in float32"))),
    Row("F.dice_loss", lambda x: F.dice_loss(x, like(MASKS[..., 0], x)), lambda rng: [rng.uniform(0, 1, (2, 3, 2))],
        lambda x: reduce(dice(x[..., None], MASKS[..., :1])), variant="rows"),
    Row("F.dice_loss", lambda x: F.dice_loss(x, like(MASKS, x), 0.1, "none"),
        lambda rng: [rng.uniform(0, 1, (2, 3, 2, 2))], lambda x: dice(x, MASKS, 0.1), variant="smooth 0.1, none"),
]  # fmt: skip

# numbers ---------------------------------------------------------------------------------------------------------


def pairs(*kinks):
    """Draw inputs and targets whose difference stays away from kinks."""

    def draw(rng):
        target = rng.standard_normal((3, 4))
        return [target + away_from(rng, (3, 4), *kinks), target]

    return draw


def no_pairs(rng):
    return [np.zeros((0, 4)), np.zeros((0, 4))]


def smooth(d, beta):
    return np.where(abs(d) < beta, d**2 / (2 * beta), abs(d) - beta / 2)


def regression_rows(name, cost, kinks, *options, keyword=None, bad=()):
    """Three rows of one loss: mean, sum, none."""
    function = getattr(F, name)
    named = dict(zip((keyword,), options, strict=False))
    for i, reduction in enumerate(("mean", "sum", "none")):
        yield Row(f"F.{name}", lambda x, t, r=reduction: function(x, t, reduction=r, **named), pairs(*kinks),
                  lambda x, t, r=reduction: reduce(cost(x - t, *options), r),
                  lambda x, t, r=reduction: getattr(torch().nn.functional, name)(x, t, reduction=r, **named),
                  ", ".join((reduction, *map(str, options))), empty=no_pairs,
                  bad=() if i else (*bad_pair(name, function), *bad))  # fmt: skip


NUMBERS = [
    *regression_rows("mse_loss", lambda d: d**2, ()),
    *regression_rows("l1_loss", abs, (0.0,)),
    *regression_rows("smooth_l1_loss", smooth, (0.5, -0.5), 0.5, keyword="beta", bad=(
        Bad(lambda: F.smooth_l1_loss(TARGET, TARGET, beta=-1), ValueError, "smooth_l1_loss: beta is -1"),)),
    *regression_rows("huber_loss", lambda d, delta: delta * smooth(d, delta), (0.7, -0.7), 0.7, keyword="delta", bad=(
        Bad(lambda: F.huber_loss(TARGET, TARGET, delta=0), ValueError, "huber_loss: delta is 0"),)),
    Row("F.smooth_l1_loss", lambda x, t: F.smooth_l1_loss(x, t, beta=0.0), pairs(0.0), lambda x, t: reduce(abs(x - t)),
        lambda x, t: torch().nn.functional.smooth_l1_loss(x, t, beta=0.0), "beta 0"),
]  # fmt: skip

# layers ---------------------------------------------------------------------------------------------------------


class Fixed:
    """A loss layer with its target fixed, for targets that have no gradient."""

    def __init__(self, build, target):
        self.build, self.target = build, target

    def __call__(self, x):
        return self.build(x)(x, like(self.target, x))


LAYERS = [
    Row("nn.BCELoss", Fixed(lambda x: nn.BCELoss(like(GAIN, x)), TARGET), probabilities,
        lambda x: reduce(entropy_of(x, like(TARGET, x), like(GAIN, x))),
        Fixed(lambda x: torch().nn.BCELoss(like(GAIN, x)), TARGET), empty=nothing,
        bad=(Bad(lambda: nn.BCELoss(reduction="no"), ValueError, "BCELoss: reduction is 'no'"),)),
    Row("nn.BCEWithLogitsLoss", Fixed(lambda x: nn.BCEWithLogitsLoss(pos_weight=constant(POSITIVE, x)), TARGET),
        logits, lambda x: reduce(entropy_of(scipy.special.expit(x), like(TARGET, x), 1.0, POSITIVE)),
        empty=nothing,
        bad=(Bad(lambda: nn.BCEWithLogitsLoss(reduction="no"), ValueError, "BCEWithLogitsLoss: reduction is 'no'"),)),
    Row("nn.MSELoss", None, pairs(), lambda x, t: reduce((x - t) ** 2), module=nn.MSELoss, empty=no_pairs,
        torch_module=lambda: torch().nn.MSELoss(),
        bad=(Bad(lambda: nn.MSELoss(reduction="no"), ValueError, "MSELoss: reduction is 'no'"),)),
    Row("nn.L1Loss", None, pairs(0.0), lambda x, t: abs(x - t).sum(), empty=no_pairs,
        module=lambda: nn.L1Loss(reduction="sum"),
        torch_module=lambda: torch().nn.L1Loss(reduction="sum"),
        bad=(Bad(lambda: nn.L1Loss(reduction="no"), ValueError, "L1Loss: reduction is 'no'"),)),
    Row("nn.SmoothL1Loss", None, pairs(0.3, -0.3), lambda x, t: reduce(smooth(x - t, 0.3)), empty=no_pairs,
        module=lambda: nn.SmoothL1Loss(beta=0.3), torch_module=lambda: torch().nn.SmoothL1Loss(beta=0.3),
        bad=(Bad(lambda: nn.SmoothL1Loss(reduction="no"), ValueError, "SmoothL1Loss: reduction is 'no'"),)),
    Row("nn.HuberLoss", None, pairs(0.3, -0.3), lambda x, t: reduce(0.3 * smooth(x - t, 0.3)), empty=no_pairs,
        module=lambda: nn.HuberLoss(delta=0.3), torch_module=lambda: torch().nn.HuberLoss(delta=0.3),
        bad=(Bad(lambda: nn.HuberLoss("no"), ValueError, "HuberLoss: reduction is 'no'"),)),
]  # fmt: skip

ROWS = BINARY + DICE + NUMBERS + LAYERS
