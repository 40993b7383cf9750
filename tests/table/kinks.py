"""Rows at kinks, ties, poles and NaN: where finite differences say nothing, and the gradient is a choice.

The choice is PyTorch's, unless a row without its twin says why not.
"""

import numpy as np

import minidet
from minidet.nn import functional as F

from .loss_pairs import like
from .row import Row, both, torch

NAN, INF = np.nan, np.inf


def at(*arrays):
    """Return a function that gives copies of these arrays, as inputs."""
    return lambda rng: [np.array(array, dtype=float) for array in arrays]


def quietly(function):
    """Let a reference divide by 0 and take logarithms of it."""

    def quiet(*arrays):
        with np.errstate(all="ignore"):
            return function(*arrays)

    return quiet


def same(name, *arrays, reference, gradients, variant="at its kinks", **options):
    """Make the row of a function that is called alike in minidet and in PyTorch."""
    return Row(f"minidet.{name}", **both(lambda lib, *xs: getattr(lib, name)(*xs, **options)), inputs=at(*arrays),
               reference=quietly(reference), gradients=quietly(gradients), variant=variant)  # fmt: skip


def functional(name, *arrays, reference, gradients, variant="at its kinks", twin=True, **options):
    """Make the row of a function of ``nn.functional``."""
    call = torch_call = None
    call = lambda *xs: getattr(F, name)(*xs, **options)  # noqa: E731
    if twin:
        torch_call = lambda *xs: getattr(torch().nn.functional, name)(*xs, **options)  # noqa: E731
    return Row(f"F.{name}", call, at(*arrays), quietly(reference), torch_call, variant, gradients=quietly(gradients))


EXPONENTS = [0.0, 1.0, 2.0, 0.5, -1.0, 3.0]


def pow_gradients(v, a, b):
    """0 where the exponent is 0; 0 where 0 is raised to what is not negative: the limits, and not 0 * inf."""
    da = np.where(b == 0, 0, b * np.power(a, b - 1))
    db = np.where((a == 0) & (b >= 0), 0, np.power(a, b) * np.log(a))
    return (v * da).sum(1, keepdims=True), (v * db).sum(0)


def halves(larger):
    """Return the gradients of maximum or minimum: half to each at a tie, all to both where one is NaN."""

    def gradients(v, a, b):
        share = np.where(a == b, 0.5, np.where(np.isnan(a) | np.isnan(b), 1, larger(a, b)))
        other = np.where(a == b, 0.5, np.where(np.isnan(a) | np.isnan(b), 1, larger(b, a)))
        return v * share, v * other

    return gradients


TIES = [[1.0, 3.0, 3.0, 2.0], [0.0, -1.0, 0.0, -0.0], [5.0, 5.0, 5.0, 5.0]]
MISSING = [[1.0, NAN, 3.0, NAN], [0.0, -1.0, 0.5, -2.0], [INF, -INF, INF, 1.0]]
PAIR = [1.0, 2.0, 0.0, NAN, 4.0, NAN, INF], [1.0, 1.5, -0.0, 1.0, NAN, NAN, INF]
ONTO = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])


def evenly(choose):
    """Return the gradient of an extremum along axis 1 whose ties share it: NaN ties with NaN."""

    def gradients(v, x):
        best = choose(x, axis=1, keepdims=True)
        ties = (x == best) | (np.isnan(x) & np.isnan(best))
        return (v.reshape(-1, 1) * ties / ties.sum(1, keepdims=True),)

    return gradients


def first(find):
    """Return the gradient of an extremum along axis 1 that goes to the first of those that tie."""

    def gradients(v, _, x):
        out = np.zeros_like(x)
        out[np.arange(len(x)), find(x, 1)] = v
        return (out,)

    return gradients


POW = [
    same("pow", [[0.0], [2.0]], EXPONENTS, reference=np.power, gradients=pow_gradients, variant="base 0"),
    same("pow", [[-1.5], [-2.0]], EXPONENTS, reference=np.power, gradients=pow_gradients, variant="negative base"),
    same("pow", [0.0, 1.5, -2.0], 1.0, reference=lambda a, b: a, variant="exponent a 0-d tensor 1",
         gradients=lambda v, a, b: (v, np.sum(v * np.where(a == 0, 0, a * np.log(a))))),
    same("pow", [0.0, 1.5, -2.0], 2.0, reference=lambda a, b: a * a, variant="exponent a 0-d tensor 2",
         gradients=lambda v, a, b: (2 * v * a, np.sum(v * np.where(a == 0, 0, a * a * np.log(a))))),
    same("pow", [0.0, 1.5, -2.0], 0.0, reference=np.power, variant="exponent a 0-d tensor 0",
         gradients=lambda v, a, b: (0 * a, np.sum(v * np.where(a == 0, 0, np.log(a))))),
]  # fmt: skip

ELEMENTWISE = [
    same("abs", [-1.0, 0.0, -0.0, 2.0], reference=np.abs, gradients=lambda v, x: (v * np.sign(x),)),
    same("sqrt", [0.0, 4.0, -1.0], reference=lambda x: x**0.5, gradients=lambda v, x: (v / (2 * x**0.5),)),
    same("clamp", ONTO, min=-1, max=1, reference=lambda x: np.clip(x, -1, 1), variant="on its bounds",
         gradients=lambda v, x: (v * ((x >= -1) & (x <= 1)),)),
    same("clamp", [-1.0, NAN, 3.0], min=0, max=1, reference=lambda x: np.clip(x, 0, 1), variant="NaN",
         gradients=lambda v, x: (v * 0,)),
    same("maximum", *PAIR, reference=np.maximum, gradients=halves(np.greater), variant="ties and NaN"),
    same("minimum", *PAIR, reference=np.minimum, gradients=halves(np.less), variant="ties and NaN"),
    Row("minidet.where", **both(lambda lib, a, b: lib.where(a > 0, lib.log(a), b)), inputs=at([1.0, 0.0, -1.0], [NAN] * 3),
        reference=lambda a, b: np.array([0, NAN, NAN]), variant="beside NaN",
        gradients=lambda v, a, b: (np.array([v[0], NAN, -0.0]), v * np.array([0, 1, 1]))),
    Row("minidet.remainder", **both(lambda lib, a, b: lib.remainder(a, b)),
        inputs=at([[6.0], [-6.0], [0.0]], [2.0, -3.0]), variant="nothing left", reference=lambda a, b: 0 * a * b,
        gradients=lambda v, a, b: (v.sum(1, keepdims=True), -(v * (a / b)).sum(0))),
]  # fmt: skip

REDUCTIONS = [
    same("amax", TIES, dim=1, reference=lambda x: x.max(1), gradients=evenly(np.max), variant="ties"),
    same("amin", TIES, dim=1, keepdim=True, reference=lambda x: x.min(1, keepdims=True), gradients=evenly(np.min),
         variant="ties, keepdim"),
    # PyTorch's gradient is NaN everywhere where the maximum is NaN
    Row("minidet.amax", lambda x: x.amax(1), at(MISSING), lambda x: x.max(1), variant="NaN",
        gradients=evenly(np.max)),
    Row("minidet.amin", lambda x: x.amin(-1), at(MISSING), lambda x: x.min(1), variant="NaN", gradients=evenly(np.min)),
    Row("minidet.max", lambda x: tuple(x.max(1)), at(TIES), lambda x: (x.max(1), x.argmax(1)), variant="dim, ties",
        gradients=first(np.argmax), torch=lambda x: tuple(x.max(1))),
    Row("minidet.min", lambda x: tuple(x.min(1)), at(MISSING), lambda x: (x.min(1), x.argmin(1)), variant="dim, NaN",
        gradients=first(np.argmin), torch=lambda x: tuple(x.min(1))),
    # PyTorch's gradient is NaN where all are equal
    Row("minidet.std", lambda x: x.std(1), at(TIES), lambda x: x.std(1, ddof=1), variant="all equal",
        gradients=quietly(lambda v, x: (np.where(np.ptp(x, 1) == 0, 0, v / x.std(1, ddof=1) / 3)[:, None]
                                        * (x - x.mean(1, keepdims=True)),))),
    Row("minidet.std", lambda x: x.std(1), at([[1.0, NAN], [2.0, 3.0]]), lambda x: x.std(1, ddof=1), variant="NaN",
        gradients=lambda v, x: (np.array([[NAN, NAN], [-v[1] * 0.5**0.5, v[1] * 0.5**0.5]]),),
        torch=lambda x: x.std(1)),
]  # fmt: skip

ACTIVATIONS = [
    functional("relu", [-1.0, 0.0, -0.0, 2.0], reference=lambda x: x * (x > 0), gradients=lambda v, x: (v * (x > 0),)),
    functional("relu6", [-1.0, 0.0, 3.0, 6.0, 7.0], reference=lambda x: np.clip(x, 0, 6),
               gradients=lambda v, x: (v * ((x > 0) & (x < 6)),)),
    functional("leaky_relu", [-1.0, 0.0, -0.0, 2.0], reference=lambda x: np.where(x > 0, x, 0.1 * x),
               gradients=lambda v, x: (v * np.where(x > 0, 1, 0.1),), negative_slope=0.1),
    functional("softplus", [0.0, 0.5, 1.0, 1.5], reference=lambda x: np.where(2 * x > 2, x, np.log1p(np.exp(2 * x)) / 2),
               gradients=lambda v, x: (v * np.where(2 * x > 2, 1, 1 / (1 + np.exp(-2 * x))),),
               beta=2, threshold=2, variant="at its threshold"),
]  # fmt: skip

NORMALIZE = [
    # the second is as long as eps exactly, and turns like a longer one; the third is nothing
    functional("normalize", [[6.0, 8.0], [3.0, 4.0], [0.0, 0.0]], eps=5.0, variant="of length eps",
               reference=lambda x: x / [[10.0], [5.0], [5.0]],
               gradients=lambda v, x: (np.stack([v[0] / 10 - x[0] * (v[0] @ x[0]) / 1000,
                                                 v[1] / 5 - x[1] * (v[1] @ x[1]) / 125, v[2] / 5]),)),
    functional("normalize", [[4.0, 0.0, -1.0], [0.0, 9.0, 0.0]], p=0.5, variant="p 0.5, zeros",
               reference=lambda x: x / [[9.0], [9.0]],
               gradients=lambda v, x: (v / 9 - np.sign(x) * (v * x).sum(1, keepdims=True) / 81
                                       * np.where(x == 0, 0, 3 / np.sqrt(np.abs(x))),)),
    functional("normalize", [[2.0, -2.0, 1.0], [0.0, 0.0, -4.0]], p=INF, variant="p inf, ties",
               reference=lambda x: x / [[2.0], [4.0]],
               gradients=lambda v, x: (v / [[2.0], [4.0]] - (v * x).sum(1, keepdims=True)
                                       * [[1 / 8, -1 / 8, 0], [0, 0, -1 / 16]],)),
    Row("F.normalize", lambda x: F.normalize(x, p=INF), at(np.zeros((2, 0))), lambda x: x, variant="p inf of nothing",
        gradients=lambda v, x: (x,)),
    functional("normalize", [[2.0, 0.0, -2.0], [0.0, 1.0, 0.0]], p=1.0, variant="p 1, zeros",
               reference=lambda x: x / np.abs(x).sum(1, keepdims=True),
               gradients=lambda v, x: ((v - np.sign(x) * (v * x).sum(1, keepdims=True) / [[4.0], [1.0]]) / [[4.0], [1.0]],)),
]  # fmt: skip

CERTAIN, TRUTH = [0.0, 1.0, 0.0, 1.0, 0.5, 1e-13], np.array([0.0, 1.0, 1.0, 0.0, 1.0, 1.0])


def nothing_counts(library, x):
    """Return a loss of which all targets are ignored."""
    return library.nll_loss(x, (minidet if library is F else torch()).tensor([-100, -100]))


LOSSES = [
    functional("l1_loss", [0.0, 1.0, 2.0], [0.0, 2.0, 1.0], reduction="sum", reference=lambda x, t: np.abs(x - t).sum(),
               gradients=lambda v, x, t: (v * np.sign(x - t), v * np.sign(t - x)), variant="equal"),
    functional("huber_loss", [0.0, 1.0, -1.0, 3.0], [0.0] * 4, reduction="sum", delta=1.0,
               reference=lambda x, t: np.where(np.abs(x) <= 1, x * x / 2, np.abs(x) - 0.5).sum(),
               gradients=lambda v, x, t: (v * np.clip(x, -1, 1), -v * np.clip(x, -1, 1))),
    functional("smooth_l1_loss", [0.0, 0.5, -0.5, 3.0], [0.0] * 4, reduction="sum", beta=0.5,
               reference=lambda x, t: np.where(np.abs(x) < 0.5, x * x, np.abs(x) - 0.25).sum(),
               gradients=lambda v, x, t: (v * np.clip(2 * x, -1, 1), -v * np.clip(2 * x, -1, 1))),
    Row("F.binary_cross_entropy", lambda x: F.binary_cross_entropy(x, like(TRUTH, x), reduction="none"), at(CERTAIN),
        torch=lambda x: torch().nn.functional.binary_cross_entropy(x, like(TRUTH, x), reduction="none"),
        variant="certain", gradients=lambda v, x: (v * (x - TRUTH) / np.maximum(x * (1 - x), 1e-12),)),
    # PyTorch's gradient of the target is infinite: it forgets that its logarithms were cut off
    Row("F.binary_cross_entropy", lambda x, t: F.binary_cross_entropy(x, t, reduction="none"), at(CERTAIN, TRUTH),
        variant="certain, gradient of the target",
        gradients=quietly(lambda v, x, t: (v * (x - t) / np.maximum(x * (1 - x), 1e-12),
                                           v * (np.maximum(np.log(1 - x), -100) - np.maximum(np.log(x), -100))))),
    # all targets ignored: the loss is 0 / 0, but no score has a part in it
    Row("F.nll_loss", lambda x: nothing_counts(F, x), at(np.ones((2, 3))), variant="all ignored",
        torch=lambda x: nothing_counts(torch().nn.functional, x), gradients=lambda v, x: (0 * x,)),
]  # fmt: skip

CASTS = [
    Row("Tensor.to", lambda x: x.to(minidet.float32), at([0.5, 1.25]), lambda x: x.astype(np.float32), variant="float32",
        torch=lambda x: x.float(), gradients=lambda v, x: (v.astype(float),)),
]  # fmt: skip

ROWS = CASTS + POW + ELEMENTWISE + REDUCTIONS + ACTIVATIONS + NORMALIZE + LOSSES
