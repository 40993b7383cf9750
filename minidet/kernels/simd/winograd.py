"""The additions of Winograd's convolutions on vectors: what ``tiles`` is for products.

The formulas are those of ``conv.winograd``: F(2 x 2, 3 x 3) in ``unstrided``, F(3 x 3, 2 x 2) in ``weight``, and those
with stride 2 in ``strided``.
"""

import itertools

from llvmlite import ir

from .tiles import DENSE_ROWS, INDEXED_LANES
from .vectors import MOVE, SHORT, instruction

#: Windows in a piece with stride 2: fewer than a vector of AVX-512 has lanes, because the rows of windows are short.
PIECE = 8
#: Numbers that are read of a row for a piece, at most.
READ = 4 * PIECE + 4
#: The place of a row that is padding.
NO_ROW = -(1 << 62)


def _halves(b, outer, inner):
    """Return half the sum and half the difference."""
    half = ir.Constant(outer.type, [0.5] * outer.type.count)
    outer, inner = b.fmul(outer, half), b.fmul(inner, half)
    return b.fadd(outer, inner), b.fsub(outer, inner)


def _from_window(b, d0, d1, d2, d3):
    """Return ``B' d``."""
    return b.fsub(d0, d2), b.fadd(d1, d2), b.fsub(d2, d1), b.fsub(d1, d3)


def _from_taps(b, g0, g1, g2):
    """Return ``G g``."""
    return g0, *_halves(b, b.fadd(g0, g2), g1), g2


def _to_pixels(b, m0, m1, m2, m3):
    """Return ``A' m``."""
    return b.fadd(b.fadd(m0, m1), m2), b.fsub(b.fsub(m1, m2), m3)


def _from_grads(b, g0, g1):
    """Return ``G g`` for a weight gradient, whose filter is the 2 x 2 gradients of a window."""
    return g0, *_halves(b, g0, g1), g1


def _to_taps(b, m0, m1, m2, m3):
    """Return ``A' m`` for a weight gradient: three taps."""
    outer = b.fadd(m1, m2)
    return b.fadd(m0, outer), b.fsub(m1, m2), b.fsub(outer, m3)


def _from_strided_window(b, d0, d1, d2, d3, d4):
    """Return ``B' d`` with stride 2."""
    return b.fsub(d0, d2), d1, d2, b.fsub(d4, d2), d3


def _from_strided_grads(b, d0, d1, d2):
    """Return ``B' d`` for the input gradient with stride 2."""
    return d0, b.fsub(d0, d1), d1, d1, b.fsub(d2, d1)


def _from_strided_taps(b, g0, g1, g2):
    """Return ``G g`` with stride 2: of five products, two have the same."""
    return g0, g1, b.fadd(g0, g2), g2


def _to_strided_pixels(b, s0, s1, s2):
    """Return ``A' s``, of the sums of products: two, one and two."""
    return b.fadd(s0, s1), b.fadd(s1, s2)


def _to_input_pixels(b, m0, m1, m2, m3, m4):
    """Return ``A' m`` for the input gradient with stride 2: 4 pixels."""
    return m0, b.fadd(m1, m2), m3, b.fadd(m2, m4)


#: What ``sums_to_pixels`` makes of how many sums along an axis.
PIXELS, STRIDED_PIXELS, INPUT_PIXELS = 0, 1, 2
TO_PIXELS = {PIXELS: (_to_pixels, 4), STRIDED_PIXELS: (_to_strided_pixels, 3), INPUT_PIXELS: (_to_input_pixels, 5)}


def _transformed(e, grid, transform):
    """Apply a transform to the columns, then to the rows, of a square grid of vectors; return it row by row."""
    columns = [transform(e.builder, *column) for column in zip(*grid, strict=True)]
    return [transform(e.builder, *row) for row in zip(*columns, strict=True)]


def _store_in_panels(e, grid, target, step):
    """Store a grid of vectors, row by row, in panels that are ``step`` apart."""
    for panel, value in enumerate(itertools.chain(*grid)):
        e.store(value, e.at(target, panel, step))


@instruction
def taps_to_panels(e, is_strided, panels, panels_at, step, weight, rows_at, channel_at, tap_at):
    """Write ``G g G'`` of 4 filters and one channel, 4 x 4 numbers: ``panels[panels_at + step * (4 * i + j) + row]``.

    ``g[i, j]`` of a filter is ``weight[rows_at[row] + channel_at + tap_at[3 * i + j]]``.
    """
    starts = [e.at(e.at(weight, channel_at), e.entry(rows_at, r)) for r in range(DENSE_ROWS)]
    places = [e.entry(tap_at, tap) for tap in range(9)]
    taps = [e.gathered([e.entry(start, place) for start in starts], DENSE_ROWS) for place in places]
    for chosen in e.choose(is_strided, (0, 1)):
        transform = _from_strided_taps if chosen else _from_taps
        values = _transformed(e, [taps[:3], taps[3:6], taps[6:]], transform)
        _store_in_panels(e, values, e.at(panels, panels_at), step)


@instruction
def pixels_to_panels(e, lanes, dilation, panels, panels_at, step, x, x_at, places, places_at, kept):
    """Write ``B' d B`` of 8 neighbouring windows: ``panels[panels_at + step * (4 * i + j) + lane]``.

    ``d[i, j]`` of a window is ``x[x_at + places[places_at + i] + dilation * (2 * lane + j)]``, or 0 where
    ``kept[places[places_at + 4 + i] + MOVE * j + lane]`` is. What lies between is read, too.
    """
    x, places, target = e.at(x, x_at), e.at(places, places_at), e.at(panels, panels_at)
    for count in e.choose(lanes, (MOVE, SHORT)):
        for apart in e.choose(dilation, (1, 2)):

            def row(i, count=count, apart=apart):
                start, mask = e.at(x, e.entry(places, i)), e.at(kept, e.entry(places, 4 + i))
                for j in range(4):
                    value = e.every(e.at(start, j * apart), 2 * apart, count)
                    yield e.kept(value, e.load(e.at(mask, j * MOVE), count))

            _store_in_panels(e, _transformed(e, [list(row(i)) for i in range(4)], _from_window), target, step)


@instruction
def strided_to_panels(e, is_grad, panels, panels_at, step, x, x_at, places, places_at, kept, kept_at):
    """Write ``B' d B`` of 8 neighbouring windows of 5 x 5: ``panels[panels_at + step * (5 * i + j) + lane]``.

    ``d[i, j]`` of a window is ``x[x_at + places[places_at + i] + 4 * lane + j]``, or 0 where
    ``kept[kept_at + 8 * j + lane]`` is. In the place of a row that is padding, ``NO_ROW``, the first ``READ`` numbers
    of ``kept`` are read, which are zeros. An input gradient's windows have 3 x 3 numbers, and are 2 apart.
    """
    x, places, masks, target = e.at(x, x_at), e.at(places, places_at), e.at(kept, kept_at), e.at(panels, panels_at)
    for chosen in e.choose(is_grad, (0, 1)):
        transform, side, apart = (_from_strided_grads, 3, 2) if chosen else (_from_strided_window, 5, 4)
        is_kept = [e.load(e.at(masks, j * PIECE), PIECE) for j in range(side)]

        def row(i, side=side, apart=apart, is_kept=is_kept):
            place = e.entry(places, i)
            is_padding = e.builder.icmp_signed("==", place, ir.Constant(e.int, NO_ROW))
            start = e.builder.select(is_padding, kept, e.at(x, place))
            for j in range(side):  # the last one is the next window's first
                value = e.every(e.at(start, j - j % apart), apart, PIECE, j % apart)
                yield e.kept(value, is_kept[j])

        _store_in_panels(e, _transformed(e, [list(row(i)) for i in range(side)], transform), target, step)


@instruction
def sums_to_pixels(e, kind, pixels, pixels_at, row_step, sums, sums_at, step, base):
    """Write ``A' m A + base`` of 8 windows: ``pixels[pixels_at + row_step * i + length * lane + j]``.

    ``m[i, j]`` is ``sums[sums_at + step * (side * i + j) + lane]``; length and side are the kind's: ``TO_PIXELS``.
    """
    source, target, bases = e.at(sums, sums_at), e.at(pixels, pixels_at), e.splat(base)
    for chosen in e.choose(kind, TO_PIXELS):
        transform, side = TO_PIXELS[chosen]
        products = [[e.load(e.at(source, side * i + j, step)) for j in range(side)] for i in range(side)]
        for i, row in enumerate(_transformed(e, products, transform)):
            e.store(e.in_turn([e.builder.fadd(value, bases) for value in row]), e.at(target, i, row_step))


@instruction
def grads_to_panels(e, panels, panels_at, step, pixels, pixels_at, row_step):
    """Write ``G g G'`` of a window for 16 filters: ``panels[panels_at + step * (4 * i + j) + lane]``.

    ``g[i, j]`` is ``pixels[pixels_at + i * row_step + j * 16 + lane]``: lanes are filters.
    """
    for first in range(0, INDEXED_LANES, MOVE):
        source, target = e.at(e.at(pixels, pixels_at), first), e.at(e.at(panels, panels_at), first)
        grid = [[e.load(e.at(e.at(source, i, row_step), j * INDEXED_LANES)) for j in range(2)] for i in range(2)]
        _store_in_panels(e, _transformed(e, grid, _from_grads), target, step)


@instruction
def sums_to_taps(e, taps, taps_at, sums, sums_at, step):
    """Write ``A' m A`` of 16 filters: ``taps[taps_at + (3 * i + j) * 16 + lane]``.

    ``m[i, j]`` is ``sums[sums_at + step * (4 * i + j) + lane]``.
    """
    for first in range(0, INDEXED_LANES, MOVE):
        source, target = e.at(e.at(sums, sums_at), first), e.at(e.at(taps, taps_at), first)
        grid = [[e.load(e.at(source, 4 * i + j, step)) for j in range(4)] for i in range(4)]
        _store_in_panels(e, _transformed(e, grid, _to_taps), target, ir.Constant(e.int, INDEXED_LANES))
