"""Random convolutions, each with its input gradient and its weight gradient, against sums written as in the formula.

::

    python -m tests.fuzz.convolutions --count 20000 --seed 0

Shapes are drawn around the thresholds of every path in ``minidet/kernels/conv/``. All numbers are small and whole: the
sums are exact in float32 too, also Winograd's, whose fractions are quarters. So results must be equal, not close.
"""

import argparse
import collections
import dataclasses
import sys
import time

import numpy as np

from minidet import kernels
from minidet.kernels.launch import jit
from minidet.kernels.reference import conv as reference

#: Channels of a group, filters of a group, and widths, around what paths are chosen by.
CHANNELS = (1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 24, 31, 32, 33, 34, 40, 48, 64, 127, 128, 129)
FILTERS = (1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 19, 23, 24, 25, 31, 32, 33, 34, 40, 48, 65)
LENGTHS = (1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 20, 23, 24, 25, 31, 32, 33, 40, 48, 49)
KERNELS = (
    (1, 1),
    (1, 1),
    (3, 3),
    (3, 3),
    (3, 3),
    (2, 2),
    (1, 3),
    (3, 1),
    (4, 3),
    (4, 4),
    (5, 5),
    (1, 9),
    (9, 1),
    (7, 7),
)
#: Multiply-adds of most cases, of one in eight, and of those drawn for a kernel that needs many.
MOST, MANY, WINOGRAD = 60_000, 600_000, 3_000_000
#: One case in so many is compared with ``kernels.reference`` as well, which takes longer than all the rest.
REFERENCE = 50
#: Of so many cases, one is computed with weights that are kept, too.
KEPT = 3


@dataclasses.dataclass(frozen=True)
class Case:
    """One convolution of x (n, c, *size) with f filters, whose gradient lacks the last ``cut`` windows of an axis."""

    n: int
    c: int
    size: tuple[int, int]
    f: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    has_bias: bool
    cut: tuple[int, int]
    dtype: str
    seed: int

    @property
    def out_size(self):
        """The result's rows and columns; below 1 where the kernel does not fit."""
        axes = zip(self.size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple((length + 2 * p - d * (k - 1) - 1) // s + 1 for length, k, s, p, d in axes)

    @property
    def work(self):
        """Multiply-adds of one product."""
        oh, ow = self.out_size
        return self.n * self.c * self.f // self.groups * self.kernel[0] * self.kernel[1] * oh * ow

    @property
    def is_valid(self):
        """Whether there is such a convolution, with a gradient."""
        least = min(self.n, self.c, self.f, *self.size, *self.kernel, *self.stride, *self.dilation, self.groups)
        if least < 1 or min(self.padding) < 0 or min(self.cut) < 0 or self.c % self.groups or self.f % self.groups:
            return False
        return all(out - cut >= 1 for out, cut in zip(self.out_size, self.cut, strict=True))


def _pair(rng, choices):
    """Draw two numbers, often the same."""
    first = int(rng.choice(choices))
    return (first, first) if rng.random() < 0.5 else (first, int(rng.choice(choices)))


def _winograd(rng):
    """Draw a 3 x 3 convolution with about as many channels, filters and windows as Winograd's kernels need."""
    c, f = int(rng.choice((15, 16, 16, 17, 20, 24))), int(rng.choice((15, 16, 17, 19, 23, 24, 25)))
    n, two = int(rng.choice((1, 1, 2, 3, 4, 6))), bool(rng.random() < 0.4)
    windows = int(rng.choice((192, 192, 194, 200))) if rng.random() < 0.15 else int(rng.integers(46, 56))
    th = int(rng.integers(1, 9))
    tw = max(1, round(windows / n / th))
    dilation = (1, 1) if two or rng.random() < 0.6 else _pair(rng, (1, 2, 3))
    stride, padding = (2, 2) if two else (1, 1), (1, 1) if rng.random() < 0.6 else _pair(rng, (0, 1, 2))
    scale = 4 if two and rng.random() < 0.5 else 2  # a window of the input gradient, or of the result
    out = [max(1, scale * t - int(rng.integers(2))) // (2 if scale == 4 else 1) for t in (th, tw)]
    size = tuple((o - 1) * s + 2 * d + 1 - 2 * p + int(rng.integers(s))
                 for o, s, d, p in zip(out, stride, dilation, padding, strict=True))  # fmt: skip
    return n, c, size, f, (3, 3), stride, padding, dilation, 1, bool(rng.random() < 0.5), (0, 0)


def _pointwise(rng):
    """Draw a 1 x 1 convolution with many filters, or (for its input gradient) many channels."""
    c, f = int(rng.choice(CHANNELS)), int(rng.choice((17, 32, 33, 34, 40, 49)))
    if rng.random() < 0.5:
        c, f = f, c
    groups = int(rng.choice((1, 1, 2)))
    size = int(rng.integers(1, 12)), int(rng.integers(1, 20))
    return (
        int(rng.choice((1, 2, 3))),
        c * groups,
        size,
        f * groups,
        (1, 1),
        (1, 1),
        (0, 0),
        (1, 1),
        groups,
        True,
        (0, 0),
    )


def draw(rng):
    """Draw one random convolution."""
    kind = rng.random()
    if kind < 0.2:
        most, kind = (WINOGRAD, _winograd) if kind < 0.1 else (MANY, _pointwise)
        while True:
            case = Case(*kind(rng), str(rng.choice(("float32", "float64"))), int(rng.integers(1 << 31)))
            if case.is_valid and case.work <= most:
                return case
    most = MANY if rng.random() < 0.125 else MOST
    while True:
        groups, cg, fg = 1, int(rng.choice(CHANNELS)), int(rng.choice(FILTERS))
        kind = rng.random()
        if kind < 0.12:
            groups, cg, fg = int(rng.integers(2, 20)), 1, int(rng.choice((1, 1, 1, 2, 3)))
        elif kind < 0.3:
            groups = int(rng.integers(2, 4))
        if rng.random() < 0.4:
            kernel = KERNELS[rng.integers(len(KERNELS))]
        else:
            kernel = _pair(rng, (1, 2, 3, 3, 3, 4, 5))
        stride, dilation = _pair(rng, (1, 1, 1, 2, 2, 3, 4, 7)), _pair(rng, (1, 1, 1, 2, 2, 3, 4))
        padding = _pair(rng, (0, 0, 1, 1, 1, 2, 3, 4))
        if rng.random() < 0.5:
            stride = (1, 1)
        if rng.random() < 0.6:
            dilation = (1, 1)
        cut = (int(rng.random() < 0.05), int(rng.random() < 0.05))
        out = [int(rng.choice(LENGTHS)) for _ in range(2)]
        size = []
        for o, k, s, p, d in zip(out, kernel, stride, padding, dilation, strict=True):
            size.append((o - 1) * s + d * (k - 1) + 1 - 2 * p + int(rng.integers(s)))
        case = Case(int(rng.choice((1, 1, 1, 2, 2, 3, 5))), groups * cg, tuple(size), groups * fg, kernel, stride, padding,
                    dilation, groups, bool(rng.random() < 0.5), cut, str(rng.choice(("float32", "float64"))),
                    int(rng.integers(1 << 31)))  # fmt: skip
        if case.is_valid and case.work <= most:
            return case


def arrays(case):
    """Return x, weight, bias or None, and the gradient for the result: small whole numbers."""
    rng, (oh, ow) = np.random.default_rng(case.seed), case.out_size
    shapes = [(case.n, case.c, *case.size), (case.f, case.c // case.groups, *case.kernel), (case.f,),
              (case.n, case.f, oh - case.cut[0], ow - case.cut[1])]  # fmt: skip
    sizes = [int(np.prod(shape)) for shape in shapes]
    numbers = rng.integers(-4, 5, sum(sizes), np.int8).astype(case.dtype)
    parts = np.split(numbers, np.cumsum(sizes)[:-1])
    x, weight, bias, grad = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    return x, weight, bias if case.has_bias else None, grad


def _sums(x, weight, grad, stride, padding, dilation, groups, out, dx, dw):
    """Add each product to the three sums that it is part of."""
    images, _, h, w = x.shape
    filters, channels, kh, kw = weight.shape
    oh, ow = out.shape[2:]
    for n in range(images):
        for f in range(filters):
            first = f // (filters // groups) * channels
            for c in range(channels):
                for i in range(kh):
                    for r in range(oh):
                        row = r * stride[0] + i * dilation[0] - padding[0]
                        if row < 0 or row >= h:
                            continue
                        for j in range(kw):
                            total, factor = 0.0, weight[f, c, i, j]
                            for t in range(ow):
                                column = t * stride[1] + j * dilation[1] - padding[1]
                                if 0 <= column < w:
                                    out[n, f, r, t] += factor * x[n, first + c, row, column]
                                    if r < grad.shape[2] and t < grad.shape[3]:
                                        dx[n, first + c, row, column] += factor * grad[n, f, r, t]
                                        total += grad[n, f, r, t] * x[n, first + c, row, column]
                            dw[f, c, i, j] += total


if jit.ENABLED:
    _sums = jit.numba.njit(_sums)


def expected(case, x, weight, bias, grad):
    """Return the three products, in float64."""
    x, weight, grad = (np.asarray(a, np.float64) for a in (x, weight, grad))
    out, dx, dw = np.zeros((case.n, case.f, *case.out_size)), np.zeros_like(x), np.zeros_like(weight)
    _sums(x, weight, grad, case.stride, case.padding, case.dilation, case.groups, out, dx, dw)
    return (out if bias is None else out + bias[:, None, None]), dx, dw


def products(module, case, x, weight, bias, grad):
    """Return the three products as ``module`` computes them."""
    options = case.stride, case.padding, case.dilation, case.groups
    return (
        module.conv2d(x, weight, bias, *options),
        module.conv2d_input_grad(grad, weight, case.size, *options),
        module.conv2d_weight_grad(grad, x, case.kernel, *options),
    )


def check(case):
    """Return what is wrong with a case: None, or which product, or the exception."""
    data = arrays(case)
    right = expected(case, *data)
    if case.seed % REFERENCE == 0:
        for name, got, wanted in zip(("out", "dx", "dw"), products(reference, case, *data), right, strict=True):
            if not np.array_equal(got, wanted):
                return f"the reference's {name}"
    try:
        results = products(kernels.conv, case, *data)
    except Exception as error:  # noqa: BLE001
        return repr(error)
    for name, got, wanted in zip(("out", "dx", "dw"), results, right, strict=True):
        if got.dtype != case.dtype or not np.array_equal(got, wanted):
            return name
    return _wrong_where_kept(case, data, right[0]) if case.seed % KEPT == 0 else None


def _wrong_where_kept(case, data, wanted):
    """Return what is wrong where packed weights are kept, which may be another kernel's: at the first use, or later."""
    (x, weight, bias, _), kept = data, {}
    for use in ("first", "second"):
        out = kernels.conv.conv2d(x, weight, bias, case.stride, case.padding, case.dilation, case.groups, kept)
        if not np.array_equal(out, wanted):
            return f"out, {use} use of kept weights"
    return None


def _smaller(case):
    """Yield cases that differ in one number, which is smaller."""
    for name, low in [("n", 1), ("c", case.groups), ("f", case.groups), ("size", 1), ("kernel", 1), ("stride", 1),
                      ("padding", 0), ("dilation", 1), ("cut", 0)]:  # fmt: skip
        value = getattr(case, name)
        for axis in range(2 if isinstance(value, tuple) else 1):
            old = value[axis] if isinstance(value, tuple) else value
            for new in {low, (low + old) // 2, old - case.groups if name in "cf" else old - 1} - {old}:
                changed = (
                    tuple(new if a == axis else v for a, v in enumerate(value)) if isinstance(value, tuple) else new
                )
                yield dataclasses.replace(case, **{name: changed})
    if case.has_bias:
        yield dataclasses.replace(case, has_bias=False)


def shrink(case):
    """Return the smallest case found that is wrong too."""
    found = True
    while found:
        found = next((one for one in _smaller(case) if one.is_valid and check(one)), None)
        case = found or case
    return case


def paths(case):
    """Name the kernels that compute the three products."""
    x, weight, bias, grad = arrays(case)
    options = case.stride, case.padding, case.dilation, case.groups
    forward = kernels.conv.dispatch._forward(x.shape, weight.shape, bias is not None, *options)[1]
    backward = kernels.conv.dispatch._input_grad(grad.shape, weight.shape, case.size, *options)[1]
    shares, _ = kernels.conv.dispatch._weight_grad(grad.shape, x.shape, case.kernel, *options)
    chosen = [product and product.kernel.function for product in (forward, backward, getattr(shares, "share", shares))]
    return [f"{f.__module__.partition('kernels.conv.')[2]}.{f.__name__}" if f else "zeros" for f in chosen]


def main(argv=None):
    """Draw, check, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.convolutions", description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--paths", action="store_true", help="count which kernels the cases reach")
    options = parser.parse_args(argv)
    rng, start, wrong, reached = np.random.default_rng(options.seed), time.monotonic(), 0, collections.Counter()
    end = "\r" if sys.stdout.isatty() else "\n"
    for done in range(1, options.count + 1):
        case = draw(rng)
        found = check(case)
        if options.paths:
            reached.update(paths(case))
        if found:
            wrong += 1
            print(f"\nseed {options.seed}, case {done}: {found}: {case}\nsmallest: {shrink(case)}", flush=True)
        if done % (1000 if end == "\r" else 10_000) == 0 or done == options.count:
            speed = done / (time.monotonic() - start)
            print(f"seed {options.seed}: {done} convolutions, {wrong} wrong, {speed:.0f} a second", end=end, flush=True)
    for name, count in reached.most_common():
        print(f"{count:8d} {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
