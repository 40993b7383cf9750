"""Rows for + - * / ** and the matrix product."""

import numpy as np

import minidet

from .row import Bad, Row, away_from, both

t = minidet.ones(2, 3)
flags = t > 0


def pair(*shapes, low=-2.0, high=2.0):
    """Return a function that draws one array for each shape."""
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def whole(*shapes, low=1, high=6):
    """Return a function that draws integer arrays."""
    return lambda rng: [rng.integers(low, high, shape) for shape in shapes]


def over(rng):
    """Draw a numerator and a denominator away from 0."""
    return [rng.uniform(-2, 2, (2, 3)), away_from(rng, (2, 3), 0.0, gap=0.3)]


def base_and_exponent(rng):
    """Draw positive bases and any exponents."""
    return [rng.uniform(0.3, 2, (2, 3)), rng.uniform(-2, 2, (3,))]


no_broadcast = "other has shape \\(2, 4\\), expected a shape that broadcasts"


def bad_pair(op):
    """List what every operation of two tensors has to refuse."""
    return (
        Bad(lambda: op(t, minidet.ones(2, 4)), ValueError, no_broadcast),
        Bad(lambda: op(t, "two"), TypeError, "is a str, expected a tensor"),
        Bad(lambda: op(None, t), TypeError, "input is a NoneType, expected a tensor"),
        Bad(lambda: op(t, 2j), TypeError, "is a complex, expected a tensor"),
    )


EMPTY = pair((0, 3), (0, 3))

ROWS = [
    Row("minidet.add", **both(lambda lib, a, b: lib.add(a, b)), inputs=pair((2, 3), (2, 3)),
        reference=lambda a, b: a + b, empty=EMPTY,
        bad=(*bad_pair(minidet.add),
             Bad(lambda: minidet.add(t, t, alpha="2"), TypeError, "add: alpha is a str, expected a number"),
             Bad(lambda: minidet.add(flags, flags, alpha=1.5), TypeError, "add: alpha is 1.5, expected an integer"))),
    Row("minidet.add", variant="broadcast", **both(lambda lib, a, b: a + b), inputs=pair((3, 1, 2), (4, 1)),
        reference=lambda a, b: a + b, empty=pair((0, 1, 2), (4, 1))),
    *(Row("minidet.add", variant=f"stretched and new: {a}, {b}", **both(lambda lib, a, b: a + b), inputs=pair(a, b),
          reference=np.add) for a, b in (((1, 2, 1), (5, 1, 1, 4)), ((2, 1, 1), (5, 1, 1, 4)), ((3, 1), (1, 1, 4)),
                                         ((1, 1), (3, 2)), ((1, 3), (4, 2, 3)))),
    Row("minidet.add", variant="0-d and alpha", **both(lambda lib, a, b: lib.add(a, b, alpha=-3)),
        inputs=pair((), (2, 3)), reference=lambda a, b: a - 3 * b, empty=pair((), (0,))),
    Row("minidet.add", variant="alpha below 0, of uint8", **both(lambda lib, a, b: lib.add(a, b, alpha=-3)),
        inputs=lambda rng: [rng.uniform(-2, 2, (2, 3)), rng.integers(0, 9, (3,), np.uint8)],
        reference=lambda a, b: a - 3 * b.astype(float), empty=lambda rng: [np.ones((0, 3)), np.ones(3, np.uint8)]),
    Row("minidet.add", variant="number on the left", **both(lambda lib, a: 2.5 + a), inputs=pair((2, 3)),
        reference=lambda a: a + 2.5, empty=pair((0, 3))),
    Row("minidet.add", variant="with itself", **both(lambda lib, a: a + a), inputs=pair((2, 3)),
        reference=lambda a: 2 * a, empty=pair((0, 3))),
    Row("minidet.sub", **both(lambda lib, a, b: lib.sub(a, b)), inputs=pair((2, 3), (2, 3)),
        reference=lambda a, b: a - b, empty=EMPTY,
        bad=(*bad_pair(minidet.sub), Bad(lambda: flags - flags, TypeError, "sub: input has dtype bool"))),
    Row("minidet.sub", variant="broadcast, alpha", **both(lambda lib, a, b: lib.sub(a, b, alpha=2)),
        inputs=pair((3, 1), (2, 1, 4)), reference=lambda a, b: a - 2 * b, empty=pair((3, 1), (0, 1, 4))),
    Row("minidet.sub", variant="alpha, of integers and a number", **both(lambda lib, a: lib.sub(a, 1, alpha=2)),
        inputs=lambda rng: [rng.integers(-9, 9, (2, 3), np.int32)], reference=lambda a: a - np.int32(2),
        empty=lambda rng: [np.ones((0, 3), np.int32)], differentiable=False),
    Row("minidet.sub", variant="number on the left", **both(lambda lib, a: 1 - a), inputs=pair((2, 3)),
        reference=lambda a: 1 - a, empty=pair((0, 3))),
    Row("minidet.mul", **both(lambda lib, a, b: lib.mul(a, b)), inputs=pair((2, 3), (2, 3)),
        reference=lambda a, b: a * b, empty=EMPTY, bad=bad_pair(minidet.mul)),
    Row("minidet.mul", variant="broadcast", **both(lambda lib, a, b: a * b), inputs=pair((1, 3), (2, 2, 1)),
        reference=lambda a, b: a * b, empty=pair((1, 3), (2, 0, 1))),
    Row("minidet.mul", variant="with itself", **both(lambda lib, a: a * a), inputs=pair((2, 3)),
        reference=lambda a: a**2, empty=pair((0, 3))),
    Row("minidet.mul", variant="by a number", **both(lambda lib, a: a * -3), inputs=pair((2, 3)),
        reference=lambda a: -3 * a, empty=pair((0, 3))),
    Row("minidet.mul", variant="floats by integers", **both(lambda lib, a, b: a * b),
        inputs=lambda rng: [rng.uniform(-1, 1, (2, 3)), rng.integers(-3, 4, (3,))], reference=lambda a, b: a * b,
        empty=lambda rng: [np.zeros((0, 3)), np.arange(3)]),
    Row("minidet.div", **both(lambda lib, a, b: lib.div(a, b)), inputs=over, reference=lambda a, b: a / b,
        empty=EMPTY,
        bad=(*bad_pair(minidet.div), Bad(lambda: minidet.div(t, t, rounding_mode="floor"), ValueError,
                                         "div: rounding_mode is 'floor', expected one of None"))),
    Row("minidet.div", variant="broadcast", **both(lambda lib, a, b: a / b),
        inputs=lambda rng: [rng.uniform(-2, 2, (2, 1)), away_from(rng, (3, 1, 2), 0.0, gap=0.3)],
        reference=lambda a, b: a / b, empty=lambda rng: [np.ones((2, 1)), np.ones((0, 1, 2))]),
    Row("minidet.div", variant="number on the left", **both(lambda lib, a: 1 / a),
        inputs=lambda rng: [away_from(rng, (2, 3), 0.0, gap=0.3)], reference=lambda a: 1 / a, empty=pair((0,))),
    Row("minidet.div", variant="integers", **both(lambda lib, a, b: a / b), inputs=whole((2, 3), (3,)),
        reference=lambda a, b: (a / b).astype(np.float32), empty=whole((0, 3), (3,)), differentiable=False),
    Row("minidet.neg", **both(lambda lib, a: lib.neg(a)), inputs=pair((2, 3)), reference=lambda a: -a,
        empty=pair((0, 3)),
        bad=(Bad(lambda: -flags, TypeError, "neg: input has dtype bool"),
             Bad(lambda: minidet.neg([1.0]), TypeError, "neg: input is a list, expected a tensor"))),
    Row("minidet.pow", variant="square", **both(lambda lib, a: lib.pow(a, 2)), inputs=pair((2, 3)),
        reference=lambda a: a * a, empty=pair((0, 3)),
        bad=(Bad(lambda: minidet.arange(3) ** -1, ValueError, "pow: exponent is negative"),
             Bad(lambda: minidet.pow(flags, flags), TypeError, "pow: input has dtype bool"),
             Bad(lambda: minidet.pow(t, "2"), TypeError, "pow: exponent is a str"))),
    Row("minidet.pow", variant="cube", **both(lambda lib, a: a**3), inputs=pair((2, 3)),
        reference=lambda a: a * a * a, empty=pair((0, 3))),
    Row("minidet.pow", variant="exponent 0", **both(lambda lib, a: a**0), inputs=pair((2, 3)),
        reference=np.ones_like, empty=pair((0, 3))),
    Row("minidet.pow", variant="exponent -1.5", **both(lambda lib, a: a**-1.5), inputs=pair((2, 3), low=0.3),
        reference=lambda a: 1 / (a * np.sqrt(a)), empty=pair((0, 3))),
    Row("minidet.pow", variant="two tensors", **both(lambda lib, a, b: a**b), inputs=base_and_exponent,
        reference=lambda a, b: np.exp(b * np.log(a)), empty=pair((0, 3), (3,))),
    Row("minidet.pow", variant="base that broadcasts", **both(lambda lib, a, b: a**b),
        inputs=lambda rng: [rng.uniform(0.3, 2, (2, 1)), rng.uniform(-2, 2, (4, 1, 3))],
        reference=lambda a, b: np.exp(b * np.log(a)), empty=pair((2, 1), (0, 1, 3))),
    Row("minidet.pow", variant="exponents -1 to 2", **both(lambda lib, a, b: a**b),
        inputs=lambda rng: [rng.uniform(0.3, 2, (2, 1)), np.array([-1.0, 1.0, 2.0])],
        reference=lambda a, b: np.exp(b * np.log(a))),
    Row("minidet.pow", variant="number on the left", **both(lambda lib, b: 2**b), inputs=pair((2, 3)),
        reference=np.exp2, empty=pair((0, 3))),
    Row("minidet.pow", variant="integers", **both(lambda lib, a, b: a**b), inputs=whole((2, 3), (3,)),
        reference=lambda a, b: np.power(a, b), empty=whole((0, 3), (3,)), differentiable=False),
    Row("minidet.remainder", **both(lambda lib, a, b: lib.remainder(a, b)),
        inputs=lambda rng: [np.array([[1.3, -2.2, 0.4], [5.1, -0.7, 3.3]]), np.array([1.0, -1.5, 0.7])],
        reference=lambda a, b: a - b * np.floor(a / b), empty=EMPTY,
        bad=(*bad_pair(minidet.remainder),
             Bad(lambda: minidet.arange(3) % 0, ValueError, "remainder: other contains 0"),
             Bad(lambda: flags % flags, TypeError, "remainder: other has dtype bool"))),
    Row("minidet.remainder", variant="broadcast", **both(lambda lib, a, b: a % b),
        inputs=lambda rng: [np.array([[1.3], [-2.2]]), np.array([[[1.0, -1.5, 0.7]], [[0.9, 2.0, -0.6]]])],
        reference=lambda a, b: a - b * np.floor(a / b), empty=pair((2, 1), (0, 1, 3))),
    Row("minidet.floor_divide", **both(lambda lib, a, b: lib.floor_divide(a, b)),
        inputs=lambda rng: [rng.integers(-9, 9, (2, 3)), np.array([2, -3, 4])], differentiable=False,
        reference=lambda a, b: np.floor(a / b).astype(np.int64), empty=whole((0, 3), (3,)),
        bad=(*bad_pair(minidet.floor_divide),
             Bad(lambda: minidet.arange(3) // 0, ValueError, "floor_divide: other contains 0"))),
    Row("minidet.matmul", **both(lambda lib, a, b: lib.matmul(a, b)), inputs=pair((2, 3), (3, 4)),
        reference=lambda a, b: np.einsum("mk,kn->mn", a, b), empty=pair((0, 3), (3, 4)),
        bad=(Bad(lambda: t @ t, ValueError, "matmul: other has shape \\(2, 3\\), expected \\(..., K, N\\)"),
             Bad(lambda: t @ minidet.ones(2), ValueError, "matmul: other has shape \\(2,\\), expected \\(K,\\)"),
             Bad(lambda: t @ minidet.tensor(2.0), ValueError, "matmul: other has shape \\(\\)"),
             Bad(lambda: t @ minidet.ones(3, 2, dtype=minidet.float64), TypeError, "matmul: other has dtype float64"),
             Bad(lambda: flags @ flags.T, TypeError, "matmul: input has dtype bool"),
             Bad(lambda: t @ 2, ValueError, "matmul: other has shape \\(\\)"),
             Bad(lambda: minidet.ones(2, 4, 3) @ minidet.ones(3, 3, 4), ValueError,
                 "matmul: other has shape \\(3,\\), expected a shape that broadcasts"))),
    *(Row("minidet.matmul", variant=f"{one} @ {other}", **both(lambda lib, a, b: lib.matmul(a, b)),
          inputs=pair(one, other), reference=np.matmul)
      for one, other in (((3, 2, 0), (3, 0, 2)), ((2, 0), (0, 3)), ((0,), (0,)), ((2, 3, 0), (0,)), ((0, 2, 3), (3, 2)),
                         ((1, 2, 0), (5, 0, 2)))),
    Row("minidet.matmul", variant="vectors", **both(lambda lib, a, b: a @ b), inputs=pair((3,), (3,)),
        reference=lambda a, b: np.sum(a * b), empty=pair((0,), (0,))),
    Row("minidet.matmul", variant="matrix, vector", **both(lambda lib, a, b: a @ b), inputs=pair((2, 3), (3,)),
        reference=lambda a, b: np.einsum("mk,k->m", a, b), empty=pair((0, 3), (3,))),
    Row("minidet.matmul", variant="vector, matrix", **both(lambda lib, a, b: a @ b), inputs=pair((3,), (3, 2)),
        reference=lambda a, b: np.einsum("k,kn->n", a, b), empty=pair((0,), (0, 2))),
    Row("minidet.matmul", variant="batch, matrix", **both(lambda lib, a, b: a @ b), inputs=pair((2, 2, 3), (3, 4)),
        reference=lambda a, b: np.einsum("bmk,kn->bmn", a, b), empty=pair((0, 2, 3), (3, 4))),
    Row("minidet.matmul", variant="batch, vector", **both(lambda lib, a, b: a @ b), inputs=pair((2, 2, 3), (3,)),
        reference=lambda a, b: np.einsum("bmk,k->bm", a, b), empty=pair((0, 2, 3), (3,))),
    Row("minidet.matmul", variant="vector, batch", **both(lambda lib, a, b: a @ b), inputs=pair((3,), (2, 3, 2)),
        reference=lambda a, b: np.einsum("k,bkn->bn", a, b), empty=pair((3,), (0, 3, 2))),
    Row("minidet.matmul", variant="batches that broadcast", **both(lambda lib, a, b: a @ b),
        inputs=pair((2, 1, 2, 3), (3, 3, 2)),
        reference=lambda a, b: np.einsum("abmk,bkn->abmn", a + 0 * b[:, :1, :1], b),
        empty=pair((0, 1, 2, 3), (3, 3, 2))),
]  # fmt: skip
