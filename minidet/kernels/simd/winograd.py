"""The additions of Winograd's F(2 x 2, 3 x 3) and F(3 x 3, 2 x 2) on vectors: what ``tiles`` is for products."""

import itertools

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .tiles import DENSE_ROWS, INDEXED_LANES
from .vectors import MOVE, SHORT, in_turn, load, pointer_at, splat, store


def _from_window(b, d0, d1, d2, d3):
    """Return ``B' d``."""
    return b.fsub(d0, d2), b.fadd(d1, d2), b.fsub(d2, d1), b.fsub(d1, d3)


def _to_pixels(b, m0, m1, m2, m3):
    """Return ``A' m``."""
    return b.fadd(b.fadd(m0, m1), m2), b.fsub(b.fsub(m1, m2), m3)


def _from_taps(b, g0, g1, g2):
    """Return ``G g``."""
    half = ir.Constant(g0.type, [0.5] * g0.type.count)
    outer, inner = b.fmul(b.fadd(g0, g2), half), b.fmul(g1, half)
    return g0, b.fadd(outer, inner), b.fsub(outer, inner), g2


def _from_grads(b, g0, g1):
    """Return ``G g`` for a weight gradient, whose filter is the 2 x 2 gradients of a window."""
    half = ir.Constant(g0.type, [0.5] * g0.type.count)
    return g0, b.fmul(b.fadd(g0, g1), half), b.fmul(b.fsub(g0, g1), half), g1


def _to_taps(b, m0, m1, m2, m3):
    """Return ``A' m`` for a weight gradient: three taps."""
    outer = b.fadd(m1, m2)
    return b.fadd(m0, outer), b.fsub(m1, m2), b.fsub(outer, m3)


def both_axes(builder, grid, transform):
    """Apply a transform to the columns, then to the rows, of a square grid of vectors."""
    columns = [transform(builder, *column) for column in zip(*grid, strict=True)]
    return [transform(builder, *row) for row in zip(*columns, strict=True)]


def store_in_panels(builder, grid, target, step, align):
    """Store a grid of vectors, row by row, in panels that are ``step`` apart."""
    for panel, value in enumerate(itertools.chain(*grid)):
        store(builder, value, builder.gep(target, [builder.mul(step, ir.Constant(step.type, panel))]), align)


def make_taps_to_panels(transform):
    """Make the transform of 3 x 3 taps, to ``side`` x ``side`` panels."""

    @intrinsic
    def taps_to_panels(typingctx, panels, panels_at, step, weight, rows_at, channel_at, tap_at):
        """Write ``G g G'`` of 4 filters and one channel: ``panels[panels_at + step * (side * i + j) + row]``.

        ``g[i, j]`` of a filter is ``weight[rows_at[row] + channel_at + tap_at[3 * i + j]]``.
        """

        def codegen(context, builder, signature, args):
            """Emit 9 x 4 loads of single numbers, the two transforms on whole vectors, and a store for each panel."""
            panels_, panels_at_, step_, weight_, rows_at_, channel_at_, tap_at_ = args
            dtype, integer = signature.args[0].dtype, channel_at_.type
            vector = ir.VectorType(context.get_value_type(dtype), DENSE_ROWS)
            target = pointer_at(context, builder, signature.args[0], panels_, panels_at_)
            source = pointer_at(context, builder, signature.args[3], weight_, channel_at_)

            def entries(array_type, array, count):
                at = (pointer_at(context, builder, array_type, array, ir.Constant(integer, k)) for k in range(count))
                return [builder.load(pointer) for pointer in at]

            starts = [builder.gep(source, [at]) for at in entries(signature.args[4], rows_at_, DENSE_ROWS)]

            def gathered(tap):
                value = ir.Constant(vector, ir.Undefined)
                for row, start in enumerate(starts):
                    number = builder.load(builder.gep(start, [tap]))
                    value = builder.insert_element(value, number, ir.Constant(ir.IntType(32), row))
                return value

            taps = [gathered(tap) for tap in entries(signature.args[6], tap_at_, 9)]
            values = both_axes(builder, [taps[:3], taps[3:6], taps[6:]], transform)
            store_in_panels(builder, values, target, step_, dtype.bitwidth // 8)
            return context.get_dummy_value()

        n = types.intp
        return types.void(panels, n, n, weight, rows_at, n, tap_at), codegen

    return taps_to_panels


taps_to_panels = make_taps_to_panels(_from_taps)


def _pixels_to_panels(dilation, lanes=MOVE):
    """Make the transform of windows that lie in an image, every ``dilation``-th of whose columns belong together."""

    @intrinsic
    def transform(typingctx, panels, panels_at, step, x, x_at, places, places_at, kept):
        """Write ``B' d B`` of 8 neighbouring windows: ``panels[panels_at + step * (4 * i + j) + lane]``."""

        def codegen(context, builder, signature, args):
            """Emit 16 loads of every second number, masked, the two transforms on whole vectors, and 16 stores."""
            panels_, panels_at_, step_, x_, x_at_, places_, places_at_, kept_ = args
            dtype, integer = signature.args[0].dtype, x_at_.type
            align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), lanes)
            apart, zeros = 2 * dilation, ir.Constant(vector, None)
            wide = ir.VectorType(vector.element, apart * lanes)
            order = ir.Constant(ir.VectorType(ir.IntType(32), lanes), list(range(0, apart * lanes, apart)))
            source = pointer_at(context, builder, signature.args[3], x_, x_at_)
            entries = pointer_at(context, builder, signature.args[5], places_, places_at_)
            masks = pointer_at(context, builder, signature.args[7], kept_, ir.Constant(integer, 0))
            target = pointer_at(context, builder, signature.args[0], panels_, panels_at_)

            def row(i):
                start, mask = (
                    builder.gep(base, [builder.load(builder.gep(entries, [ir.Constant(integer, i + first)]))])
                    for base, first in ((source, 0), (masks, 4))
                )
                for j in range(4):
                    value = load(builder, builder.gep(start, [ir.Constant(integer, j * dilation)]), wide, align)
                    value = builder.shuffle_vector(value, ir.Constant(wide, ir.Undefined), order)
                    is_kept = load(builder, builder.gep(mask, [ir.Constant(integer, j * MOVE)]), vector, align)
                    yield builder.select(builder.fcmp_unordered("!=", is_kept, zeros), value, zeros)

            window = [list(row(i)) for i in range(4)]
            store_in_panels(builder, both_axes(builder, window, _from_window), target, step_, align)
            return context.get_dummy_value()

        n = types.intp
        return types.void(panels, n, n, x, n, places, n, kept), codegen

    return transform


#: ``pixels_to_panels(panels, panels_at, step, x, x_at, places, places_at, kept)``: ``d[i, j]`` of a window is
#: ``x[x_at + places[places_at + i] + 2 * lane + j]``, or 0 where ``kept[places[places_at + 4 + i] + 8 * j + lane]`` is.
#: ``dilated_to_panels`` is for dilation 2: ``... + 2 * (2 * lane + j)``. The elements between are read too.
#: ``few_pixels_to_panels`` is for 8 windows at most.
pixels_to_panels, dilated_to_panels = _pixels_to_panels(1), _pixels_to_panels(2)
few_pixels_to_panels = _pixels_to_panels(1, SHORT)


def make_sums_to_pixels(transform, side):
    """Make the transform of ``side`` x ``side`` sums."""

    @intrinsic
    def sums_to_pixels(typingctx, pixels, pixels_at, row_step, sums, sums_at, step, base):
        """Write ``A' m A + base`` of 8 windows of 2 x 2: ``pixels[pixels_at + row_step * i + 2 * lane + j]``.

        ``m[i, j]`` is ``sums[sums_at + step * (side * i + j) + lane]``.
        """

        def codegen(context, builder, signature, args):
            """Emit the loads, the two transforms on whole vectors, and a store per row: its pixels in turn."""
            pixels_, pixels_at_, row_step_, sums_, sums_at_, step_, base_ = args
            dtype = signature.args[0].dtype
            align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), MOVE)
            integer = sums_at_.type
            source = pointer_at(context, builder, signature.args[3], sums_, sums_at_)
            target = pointer_at(context, builder, signature.args[0], pixels_, pixels_at_)

            def place(i, j):
                return builder.gep(source, [builder.mul(step_, ir.Constant(integer, side * i + j))])

            products = [[load(builder, place(i, j), vector, align) for j in range(side)] for i in range(side)]
            bases = splat(builder, base_, vector)
            for i, row in enumerate(both_axes(builder, products, transform)):
                row = in_turn(builder, [builder.fadd(value, bases) for value in row])
                store(builder, row, builder.gep(target, [builder.mul(row_step_, ir.Constant(integer, i))]), align)
            return context.get_dummy_value()

        n = types.intp
        return types.void(pixels, n, n, sums, n, n, sums.dtype), codegen

    return sums_to_pixels


sums_to_pixels = make_sums_to_pixels(_to_pixels, 4)


@intrinsic
def grads_to_panels(typingctx, panels, panels_at, step, pixels, pixels_at, row_step):
    """Write ``G g G'`` of a window for 16 filters: ``panels[panels_at + step * (4 * i + j) + lane]``.

    ``g[i, j]`` is ``pixels[pixels_at + i * row_step + j * 16 + lane]``: lanes are filters.
    """

    def codegen(context, builder, signature, args):
        """Emit 4 loads, the two transforms and 16 stores for each vector of lanes."""
        panels_, panels_at_, step_, pixels_, pixels_at_, row_step_ = args
        dtype = signature.args[0].dtype
        align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), MOVE)
        integer = pixels_at_.type
        source = pointer_at(context, builder, signature.args[3], pixels_, pixels_at_)
        target = pointer_at(context, builder, signature.args[0], panels_, panels_at_)
        for first in range(0, INDEXED_LANES, MOVE):

            def gradient(i, j, first=first):
                row = builder.mul(row_step_, ir.Constant(integer, i))
                place = builder.add(row, ir.Constant(integer, j * INDEXED_LANES + first))
                return load(builder, builder.gep(source, [place]), vector, align)

            grid = [[gradient(i, j) for j in range(2)] for i in range(2)]
            for i, row in enumerate(both_axes(builder, grid, _from_grads)):
                for j, value in enumerate(row):
                    place = builder.mul(step_, ir.Constant(integer, 4 * i + j))
                    place = builder.add(place, ir.Constant(integer, first))
                    store(builder, value, builder.gep(target, [place]), align)
        return context.get_dummy_value()

    n = types.intp
    return types.void(panels, n, n, pixels, n, n), codegen


@intrinsic
def sums_to_taps(typingctx, taps, taps_at, sums, sums_at, step):
    """Write ``A' m A`` of 16 filters: ``taps[taps_at + (3 * i + j) * 16 + lane]``.

    ``m[i, j]`` is ``sums[sums_at + step * (4 * i + j) + lane]``.
    """

    def codegen(context, builder, signature, args):
        """Emit 16 loads, the two transforms and 9 stores for each vector of lanes."""
        taps_, taps_at_, sums_, sums_at_, step_ = args
        dtype = signature.args[0].dtype
        align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), MOVE)
        integer = sums_at_.type
        source = pointer_at(context, builder, signature.args[2], sums_, sums_at_)
        target = pointer_at(context, builder, signature.args[0], taps_, taps_at_)
        for first in range(0, INDEXED_LANES, MOVE):

            def total(i, j, first=first):
                place = builder.mul(step_, ir.Constant(integer, 4 * i + j))
                return load(
                    builder, builder.gep(source, [builder.add(place, ir.Constant(integer, first))]), vector, align
                )

            grid = [[total(i, j) for j in range(4)] for i in range(4)]
            for i, row in enumerate(both_axes(builder, grid, _to_taps)):
                for j, value in enumerate(row):
                    there = builder.gep(target, [ir.Constant(integer, (3 * i + j) * INDEXED_LANES + first)])
                    store(builder, value, there, align)
        return context.get_dummy_value()

    n = types.intp
    return types.void(taps, n, sums, n, n), codegen
