"""Calls of what makes tensors of nothing. What is random is looked at: its form, its range, and that a seed repeats it."""

import numpy as np

import minidet

from .operation import Operation, torch

DTYPES = (None, "float64", "float32", "int64", "bool")


def typed(d, options=DTYPES):
    dtype = d.pick(*options)
    return {} if dtype is None else {"dtype": dtype}


def with_dtype(library, name):
    """Call with the library's own dtype of that name."""

    def call(*args, dtype=None, **options):
        if dtype is not None:
            options["dtype"] = getattr(library(), dtype)
        return getattr(library(), name)(*args, **options)

    return call


def create(name, draw, reference, **options):
    return Operation(f"minidet.{name}", draw, reference, with_dtype(lambda: torch, name),
                     with_dtype(lambda: minidet, name), **options)  # fmt: skip


def size(d):
    shape = d.shape()
    return (shape if d.maybe(50) else (shape,)), typed(d)


def sizes(size_):
    return size_[0] if len(size_) == 1 and isinstance(size_[0], tuple) else size_


def full(d):
    return (d.shape(), d.pick(0, 1.5, True, -3)), typed(d)


def full_reference(shape, value, dtype=None):
    return np.full(shape, value, dtype or (np.float64 if isinstance(value, float) else None))


def like(d):
    return (d.array(d.shape(), d.pick("float64", "float32", "int64", "bool"), "normal"),), typed(d)


def full_like(d):
    args, options = like(d)
    return (*args, d.pick(1, 0, 2)), options


def arange(d):
    dtype = typed(d, (None, "float64", "float32", "int64"))
    start, end = d.pick(0, 1, -3, 2), d.between(2, 30)
    step = d.pick(1, 2, 3)
    if dtype.get("dtype") != "int64" and d.maybe(40):
        start, end, step = start + 0.5, end + 0.25, step * 0.5
    if d.maybe(20):
        start, end, step = end, start, -step
    return ((start if start >= 0 else end,) if d.maybe(20) else (start, end, step)), dtype


def arange_reference(start, end=None, step=1, dtype=None):
    return np.arange(start, dtype=dtype) if end is None else np.arange(start, end, step, dtype=dtype)


def linspace(d):
    return (d.number(), d.number(), d.pick(1, 2, 0, 3, 5, 17, 100)), typed(d, (None, "float64", "float32"))


def eye(d):
    return ((d.size(),) if d.maybe(40) else (d.size(), d.size())), typed(d)


def looked_at(name, fits):
    """Return a call that says what was made: its shape, whether all of it fits, whether the seed repeats it."""

    def call(*args, **options):
        one, other = (getattr(minidet, name)(*args, **options, rng=np.random.default_rng(5)) for _ in range(2))
        array = one.numpy()
        return np.array(array.shape), bool(fits(array, *args)), np.array_equal(array, other.numpy())

    return call


def says(shape):
    return lambda *args, **options: (np.array(shape(*args)), True, True)


def randint(d):
    low, more = d.pick(0, -3, 5), d.between(1, 9)
    return (low, low + more, d.shape()), {}


RANDOM = [
    Operation("minidet.rand", size, says(lambda *s: sizes(s)), None,
              looked_at("rand", lambda x, *_: ((x >= 0) & (x < 1)).all())),
    Operation("minidet.randn", size, says(lambda *s: sizes(s)), None,
              looked_at("randn", lambda x, *_: np.isfinite(x).all())),
    Operation("minidet.randint", randint, says(lambda low, high, shape: shape), None,
              looked_at("randint", lambda x, low, high, _: ((x >= low) & (x < high)).all())),
    Operation("minidet.randperm", lambda d: ((d.pick(*range(20)),), {}), says(lambda n: (n,)), None,
              looked_at("randperm", lambda x, n: (np.sort(x) == np.arange(n)).all())),
]  # fmt: skip


def no_dtype(draw):
    return lambda d: (draw(d)[0], {})


OPERATIONS = [
    create("zeros", size, lambda *s, dtype=None: np.zeros(sizes(s), dtype)),
    create("ones", size, lambda *s, dtype=None: np.ones(sizes(s), dtype)),
    create("full", full, full_reference),
    create("zeros_like", like, lambda x, dtype=None: np.zeros(x.shape, dtype or x.dtype)),
    create("ones_like", like, lambda x, dtype=None: np.ones(x.shape, dtype or x.dtype)),
    create("full_like", full_like, lambda x, value, dtype=None: np.full(x.shape, value, dtype or x.dtype)),
    create("arange", arange, arange_reference),
    create("linspace", linspace, lambda a, b, n, dtype=None: np.linspace(a, b, n, dtype=dtype)),
    create("eye", eye, lambda n, m=None, dtype=None: np.eye(n, m, dtype=dtype)),
    *(Operation(row.name, no_dtype(row.draw), row.reference, None, row.call) for row in RANDOM),
]
