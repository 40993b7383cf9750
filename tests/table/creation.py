"""Rows for new tensors. They have no inputs to differentiate; the random ones have no reference either."""

import numpy as np

import minidet

from .row import Bad, Row, both


def no_input(rng):
    """Creation takes no tensor."""
    return []


def like(rng):
    """Draw something to take the shape from."""
    return [rng.uniform(-1, 1, (2, 3))]


def make(name, call, reference, bad=(), variant="", inputs=no_input, empty=None):
    """Make a row of a function that creates a tensor."""
    return Row(f"minidet.{name}", variant=variant, **both(call), inputs=inputs, reference=reference, bad=bad,
               empty=empty or inputs, differentiable=False)  # fmt: skip


def random(name, call, bad):
    """Make a row of a function that draws: PyTorch draws other numbers."""
    return Row(f"minidet.{name}", call=call, inputs=no_input, bad=bad, empty=no_input, differentiable=False)


def bad_size(name, error="size"):
    """List sizes that are none."""
    op = getattr(minidet, name)
    return (
        Bad(lambda: op(-1), ValueError, f"{name}: {error} is \\(-1,\\), expected integers >= 0"),
        Bad(lambda: op(1.5), TypeError, f"{name}: {error} is \\(1.5,\\), expected integers"),
        Bad(lambda: op(2, dtype="float16"), TypeError, f"{name}: dtype is 'float16'"),
    )


def zero(rng):
    """Something empty to take the shape from."""
    return [np.zeros((0, 3))]


f32, i64 = np.float32, np.int64

ROWS = [
    make("zeros", lambda lib: lib.zeros(2, 3), lambda: np.full((2, 3), 0, f32), bad_size("zeros")),
    make("zeros", lambda lib: lib.zeros((0, 3), dtype=lib.int64), lambda: np.array([], i64).reshape(0, 3),
        variant="empty"),
    make("ones", lambda lib: lib.ones((2, 3)), lambda: np.full((2, 3), 1, f32), bad_size("ones")),
    make("ones", lambda lib: lib.ones(2, dtype=lib.float64), lambda: np.full(2, 1.0), variant="float64"),
    make("full", lambda lib: lib.full((2, 3), 1.5), lambda: np.array([[1.5] * 3] * 2, f32),
         (Bad(lambda: minidet.full((2,), "x"), TypeError, "full: fill_value is a str"),
          Bad(lambda: minidet.full((-2,), 1), ValueError, "full: size is \\(-2,\\)"),
          Bad(lambda: minidet.full(2, 1, requires_grad=True), TypeError,
              "full: requires_grad is True, expected False"))),
    make("full", lambda lib: lib.full((2,), 3), lambda: np.array([3, 3], i64), variant="an integer"),
    make("full", lambda lib: lib.full((2,), True), lambda: np.array([True, True]), variant="a boolean"),
    make("zeros_like", lambda lib, x: lib.zeros_like(x), lambda x: x * 0,
         (Bad(lambda: minidet.zeros_like([1]), TypeError, "zeros_like: input is a list"),), inputs=like, empty=zero),
    make("ones_like", lambda lib, x: lib.ones_like(x, dtype=lib.int64), lambda x: np.full((2, 3), 1, i64),
         (Bad(lambda: minidet.ones_like([1]), TypeError, "ones_like: input is a list"),), inputs=like, empty=zero),
    make("full_like", lambda lib, x: lib.full_like(x, -2), lambda x: x * 0 - 2,
         (Bad(lambda: minidet.full_like(minidet.ones(2), None), TypeError, "full_like: fill_value is a NoneType"),),
         inputs=like, empty=zero),
    make("arange", lambda lib: lib.arange(4), lambda: np.array([0, 1, 2, 3]),
         (Bad(lambda: minidet.arange(0, 3, 0), ValueError, "arange: step is 0"),
          Bad(lambda: minidet.arange(0, 3, -1), ValueError, "arange: step is -1"),
          Bad(lambda: minidet.arange(float("nan")), ValueError, "arange: end is nan"),
          Bad(lambda: minidet.arange("3"), TypeError, "arange: end is a str"))),
    make("arange", lambda lib: lib.arange(7, 1, -2), lambda: np.array([7, 5, 3]), variant="downwards"),
    make("arange", lambda lib: lib.arange(0, 1, 0.25), lambda: np.array([0, 0.25, 0.5, 0.75], f32), variant="floats"),
    make("arange", lambda lib: lib.arange(2, 2), lambda: np.array([], i64), variant="empty"),
    make("linspace", lambda lib: lib.linspace(-1, 1, 5), lambda: np.array([-1, -0.5, 0, 0.5, 1], f32),
         (Bad(lambda: minidet.linspace(0, 1, -1), ValueError, "linspace: steps is -1"),
          Bad(lambda: minidet.linspace(0, "1", 2), TypeError, "linspace: end is a str"),
          Bad(lambda: minidet.linspace(0, 1, 2.0), TypeError, "linspace: steps is 2.0"))),
    make("eye", lambda lib: lib.eye(2, 3), lambda: np.array([[1, 0, 0], [0, 1, 0]], f32),
         (Bad(lambda: minidet.eye(-1), ValueError, "eye: n is -1"),
          Bad(lambda: minidet.eye(2, 1.5), TypeError, "eye: m is 1.5"))),
    random("rand", lambda: minidet.rand(2, 3),
           (*bad_size("rand"), Bad(lambda: minidet.rand(2, dtype=minidet.int64), TypeError, "rand: dtype is int64"))),
    random("randn", lambda: minidet.randn((2, 3)),
           (*bad_size("randn"), Bad(lambda: minidet.randn(2, dtype=minidet.int64), TypeError,
               "randn: dtype is int64"))),
    random("randint", lambda: minidet.randint(2, 5, (4,)),
           (Bad(lambda: minidet.randint(5, 5, (2,)), ValueError, "randint: high is 5, expected an integer above 5"),
            Bad(lambda: minidet.randint(0.5, (2,)), TypeError, "randint: high is 0.5"))),
    random("randperm", lambda: minidet.randperm(5),
           (Bad(lambda: minidet.randperm(-1), ValueError, "randperm: n is -1"),)),
]  # fmt: skip
