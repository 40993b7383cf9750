"""Rows for functions of one element, and for questions about elements."""

import numpy as np

import minidet

from .arithmetic import bad_pair, flags, pair, t, whole
from .row import Bad, Row, away_from, both, distinct

NAMES = ("exp", "log", "sqrt", "tanh", "sigmoid")


def unary(name, inputs, reference, **options):
    """Make the row of a function of one tensor."""
    op = getattr(minidet, name)
    bad = (
        Bad(lambda: op("x"), TypeError, f"{name}: input is a str, expected a tensor"),
        Bad(lambda: op([1.0]), TypeError, f"{name}: input is a list, expected a tensor"),
    )
    return Row(f"minidet.{name}", **both(lambda lib, x: getattr(lib, name)(x)), inputs=inputs, reference=reference,
               empty=pair((0, 3)), bad=(*bad, *options.pop("bad", ())), **options)  # fmt: skip


def question(name, reference, inputs=None, **options):
    """Make the row of a comparison of two tensors."""
    inputs = inputs or (lambda rng: [rng.integers(0, 3, (4, 3)).astype(float), rng.integers(0, 3, (3,))])
    return Row(f"minidet.{name}", **both(lambda lib, a, b: getattr(lib, name)(a, b)), inputs=inputs,
               reference=reference, differentiable=False, bad=bad_pair(getattr(minidet, name)),
               empty=lambda rng: [part[..., :0] for part in inputs(rng)], **options)  # fmt: skip


def bits(rng):
    """Draw two arrays of integers."""
    return [rng.integers(0, 8, (4, 3)), rng.integers(0, 8, (3,))]


def with_nan(rng):
    """Draw numbers, some of them infinite or no numbers at all."""
    return [np.array([[1.0, np.nan, -np.inf], [np.inf, 0.0, -2.0]])]


def special(name, reference):
    """Make the row of isnan and its like."""
    return Row(f"minidet.{name}", **both(lambda lib, x: getattr(lib, name)(x)), inputs=with_nan, reference=reference,
               differentiable=False, empty=pair((0, 3)),
               bad=(Bad(lambda: getattr(minidet, name)("x"), TypeError, f"{name}: input is a str"),))  # fmt: skip


ROWS = [
    unary("exp", pair((2, 3)), lambda x: np.e**x),
    unary("log", pair((2, 3), low=0.2), np.log),
    unary("sqrt", pair((2, 3), low=0.2), lambda x: x**0.5),
    unary("tanh", pair((2, 3)), lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1)),
    unary("sigmoid", pair((2, 3)), lambda x: 0.5 + 0.5 * np.tanh(x / 2)),
    unary("sigmoid", lambda rng: [np.array([-800.0, -30.0, 30.0, 800.0])], lambda x: 0.5 + 0.5 * np.tanh(x / 2),
          variant="far out"),
    unary("exp", whole((2, 3)), lambda x: np.exp(x.astype(np.float32)), variant="integers", differentiable=False),
    unary("abs", lambda rng: [away_from(rng, (2, 3), 0.0)], lambda x: np.sqrt(x * x),
          bad=(Bad(lambda: minidet.abs(flags), TypeError, "abs: input has dtype bool"),)),
    Row("minidet.clamp", **both(lambda lib, x: lib.clamp(x, -1, 1)), inputs=lambda rng: [away_from(rng, (3, 4), -1, 1)],
        reference=lambda x: np.clip(x, -1, 1), empty=pair((0, 3)),
        bad=(Bad(lambda: minidet.clamp(t), ValueError, "clamp: min and max are None"),
             Bad(lambda: minidet.clamp(t, t), TypeError, "clamp: min is a Tensor, expected a number"),
             Bad(lambda: minidet.clamp(t, max="1"), TypeError, "clamp: max is a str, expected a number"))),
    Row("minidet.clamp", variant="min only", **both(lambda lib, x: x.clamp(min=0.5)),
        inputs=lambda rng: [away_from(rng, (3, 4), 0.5)], reference=lambda x: np.where(x < 0.5, 0.5, x),
        empty=pair((0, 3))),
    Row("minidet.clamp", variant="max only", **both(lambda lib, x: x.clamp(max=0.5)),
        inputs=lambda rng: [away_from(rng, (3, 4), 0.5)], reference=lambda x: np.where(x > 0.5, 0.5, x),
        empty=pair((0, 3))),
    Row("minidet.clamp", variant="integers, float bound", **both(lambda lib, x: lib.clamp(x, 2.5)),
        inputs=whole((2, 3)), reference=lambda x: np.maximum(x, 2.5).astype(np.float32), differentiable=False,
        empty=whole((0, 3))),
    Row("minidet.maximum", **both(lambda lib, a, b: lib.maximum(a, b)),
        inputs=lambda rng: list(distinct(rng, (2, 3, 4))), reference=lambda a, b: np.where(a > b, a, b),
        empty=pair((0, 3), (0, 3)), bad=bad_pair(minidet.maximum)),
    Row("minidet.maximum", variant="broadcast", **both(lambda lib, a, b: lib.maximum(a, b)),
        inputs=lambda rng: [distinct(rng, (3, 1)), 0.01 + distinct(rng, (2, 1, 4))],
        reference=lambda a, b: np.where(a > b, a, b), empty=pair((3, 1), (0, 1, 4))),
    Row("minidet.minimum", **both(lambda lib, a, b: lib.minimum(a, b)),
        inputs=lambda rng: list(distinct(rng, (2, 3, 4))), reference=lambda a, b: np.where(a < b, a, b),
        empty=pair((0, 3), (0, 3)), bad=bad_pair(minidet.minimum)),
    Row("minidet.minimum", variant="broadcast", **both(lambda lib, a, b: lib.minimum(a, b)),
        inputs=lambda rng: [distinct(rng, (3, 1)), 0.01 + distinct(rng, (2, 1, 4))],
        reference=lambda a, b: np.where(a < b, a, b), empty=pair((3, 1), (0, 1, 4))),
    Row("minidet.where", **both(lambda lib, c, a, b: lib.where(c, a, b)),
        inputs=lambda rng: [rng.random((2, 3)) < 0.5, rng.uniform(-1, 1, (2, 3)), rng.uniform(-1, 1, (2, 3))],
        reference=lambda c, a, b: c * a + ~c * b,
        empty=lambda rng: [np.zeros((0, 3), bool), np.zeros((0, 3)), np.zeros(3)],
        bad=(Bad(lambda: minidet.where(t, t, t), TypeError, "where: condition has dtype float32, expected bool"),
             Bad(lambda: minidet.where(flags, t, minidet.ones(4)), ValueError, "where: other has shape \\(4,\\)"),
             Bad(lambda: minidet.where(flags[:, :2], t, t), ValueError, "where: input has shape \\(2, 3\\)"),
             Bad(lambda: minidet.where(flags, t, "x"), TypeError, "where: other is a str"))),
    Row("minidet.where", variant="broadcast", **both(lambda lib, c, a, b: lib.where(c, a, b)),
        inputs=lambda rng: [rng.random((4, 1, 1)) < 0.5, rng.uniform(-1, 1, (2, 1)), rng.uniform(-1, 1, (3,))],
        reference=lambda c, a, b: c * a + ~c * b,
        empty=lambda rng: [np.zeros((0, 1, 1), bool), np.zeros((2, 1)), np.zeros(3)]),
    Row("minidet.where", variant="a number", **both(lambda lib, c, a: lib.where(c, a, 0.5)),
        inputs=lambda rng: [rng.random((2, 3)) < 0.5, rng.uniform(-1, 1, (2, 3))],
        reference=lambda c, a: c * a + ~c * 0.5, empty=lambda rng: [np.zeros((0, 3), bool), np.zeros((0, 3))]),
    Row("minidet.where", variant="condition only", **both(lambda lib, c: lib.where(c)),
        inputs=lambda rng: [rng.random((2, 3)) < 0.5], reference=np.nonzero, differentiable=False,
        empty=lambda rng: [np.zeros((0, 3), bool)]),
    question("eq", lambda a, b: a == b),
    question("ne", lambda a, b: a != b),
    question("lt", lambda a, b: a < b),
    question("le", lambda a, b: a <= b),
    question("gt", lambda a, b: a > b),
    question("ge", lambda a, b: a >= b),
    question("logical_and", lambda a, b: (a != 0) & (b != 0)),
    question("logical_or", lambda a, b: (a != 0) | (b != 0)),
    question("logical_xor", lambda a, b: (a != 0) ^ (b != 0)),
    question("bitwise_and", lambda a, b: a & b, bits),
    question("bitwise_or", lambda a, b: a | b, bits),
    question("bitwise_xor", lambda a, b: a ^ b, bits),
    question("bitwise_and", lambda a, b: a & b, lambda rng: [rng.random((4, 3)) < 0.5, rng.random(3) < 0.5],
             variant="booleans"),
    Row("minidet.bitwise_not", **both(lambda lib, x: lib.bitwise_not(x)), inputs=whole((2, 3)),
        reference=lambda x: -1 - x, differentiable=False, empty=whole((0, 3)),
        bad=(Bad(lambda: ~t, TypeError, "bitwise_not: input has dtype float32"),
             Bad(lambda: t & t, TypeError, "bitwise_and: input has dtype float32"),
             Bad(lambda: minidet.bitwise_not("x"), TypeError, "bitwise_not: input is a str"))),
    Row("minidet.logical_not", **both(lambda lib, x: lib.logical_not(x)),
        inputs=lambda rng: [np.array([0.0, 1.5, -0.0])],
        reference=lambda x: x == 0, differentiable=False, empty=pair((0, 3)),
        bad=(Bad(lambda: minidet.logical_not("x"), TypeError, "logical_not: input is a str"),)),
    special("isnan", lambda x: x != x),
    special("isinf", lambda x: np.abs(x) == np.inf),
    special("isfinite", lambda x: np.abs(x) < np.inf),
    Row("minidet.any", **both(lambda lib, x: lib.any(x)), inputs=lambda rng: [rng.random((2, 3)) < 0.3],
        reference=lambda x: x.sum() > 0, differentiable=False, empty=lambda rng: [np.zeros((0, 3), bool)],
        bad=(Bad(lambda: minidet.any(t, 2), IndexError, "any: dim is 2"),
             Bad(lambda: minidet.any("x"), TypeError, "any: input is a str"))),
    Row("minidet.any", variant="dim", **both(lambda lib, x: lib.any(x, 1, keepdim=True)),
        inputs=lambda rng: [rng.random((4, 3)) < 0.3], reference=lambda x: x.sum(1, keepdims=True) > 0,
        differentiable=False, empty=lambda rng: [np.zeros((2, 0), bool)]),
    Row("minidet.all", **both(lambda lib, x: lib.all(x)), inputs=lambda rng: [rng.random((2, 3)) < 0.9],
        reference=lambda x: x.sum() == 6, differentiable=False, empty=lambda rng: [np.zeros((0, 3), bool)],
        bad=(Bad(lambda: minidet.all(t, 0.5), TypeError, "all: dim is 0.5"),
             Bad(lambda: minidet.all("x"), TypeError, "all: input is a str"))),
    Row("minidet.all", variant="dim", **both(lambda lib, x: lib.all(x, dim=-1)),
        inputs=lambda rng: [rng.random((4, 3)) < 0.6], reference=lambda x: x.sum(1) == 3, differentiable=False,
        empty=lambda rng: [np.zeros((2, 0), bool)]),
    Row("minidet.allclose", call=lambda a, b: minidet.tensor(minidet.allclose(a, b)),
        torch=None, inputs=lambda rng: [np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-6])],
        reference=lambda a, b: np.array(True), differentiable=False, empty=pair((0, 3), (0, 3)),
        bad=(Bad(lambda: minidet.allclose(t, minidet.ones(4)), ValueError, "allclose: other has shape \\(4,\\)"),)),
    Row("minidet.equal", call=lambda a, b: minidet.tensor(minidet.equal(a, b)),
        torch=None, inputs=lambda rng: [np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-6])],
        reference=lambda a, b: np.array(False), differentiable=False, empty=pair((0, 3), (0, 3)),
        bad=(Bad(lambda: minidet.equal(t, None), TypeError, "equal: other is a NoneType"),)),
]  # fmt: skip
