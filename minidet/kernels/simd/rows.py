"""The tiles of ``conv.depthwise``: rows of pixels that lie in an image, of which those that are padding become 0.

Which of a piece's lanes are not padding is said by the bits of one number, the first lane's being the lowest:
with AVX-512 that is the mask of a load. What is masked is read, too.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import MOVE, SHORT, Tile, load, pointer_at, splat, store

#: Rows of a tile where all meet the same taps.
ROWS = 4
#: Taps of a weight gradient that are summed at once.
TAPS = 9


def _pieces(builder, emit, step):
    """Return a function that loads a piece whose lanes lie ``step`` apart, with zeros where a bit is not set."""
    lanes = emit.vector.count
    wide = ir.VectorType(emit.vector.element, lanes * step)
    order = ir.Constant(ir.VectorType(ir.IntType(32), lanes), list(range(0, lanes * step, step)))
    is_kept, zeros = ir.VectorType(ir.IntType(1), lanes), ir.Constant(emit.vector, None)

    def masked(pointer, mask):
        value = load(builder, pointer, wide, emit.align)
        if step > 1:
            value = builder.shuffle_vector(value, ir.Constant(wide, ir.Undefined), order)
        return builder.select(mask, value, zeros)

    def mask_at(pointer):
        return builder.bitcast(builder.trunc(builder.load(pointer), ir.IntType(lanes)), is_kept)

    return masked, mask_at


def _rows_tile(rows, lanes, step, masks):
    """Make the tile that sums the taps of a piece of some rows, which have a mask for each tap, or one for each row."""

    @intrinsic
    def tile(
        typingctx, out, at, out_step, weight, weight_at, x, x_at, x_step, table, tap, order, kept, mask, depth, base
    ):
        """Write ``out[r, l] = base + sum over k of weight[table[order + k]] * x[r, table[tap + k] + step * l]``.

        Bit l of ``table[table[kept + r] + mask + k]`` says whether a pixel counts.
        """

        def codegen(context, builder, signature, args):
            """Emit the loop, whose step loads a scalar, the masks and a piece of every row."""
            out_, out_at_, out_step_, weight_, weight_at_, x_, x_at_, x_step_, table_, *firsts, depth_, base_ = args
            emit = Tile(context, builder, signature.args[0].dtype, lanes, lanes)
            masked, mask_at = _pieces(builder, emit, step)
            out_p = pointer_at(context, builder, signature.args[0], out_, out_at_)
            weight_p = pointer_at(context, builder, signature.args[3], weight_, weight_at_)
            x_p = pointer_at(context, builder, signature.args[5], x_, x_at_)
            tap_p, order_p, kept_p, mask_p = (
                pointer_at(context, builder, signature.args[8], table_, at) for at in firsts
            )
            starts = [emit.at(x_p, builder.mul(x_step_, ir.Constant(emit.int, r))) for r in range(rows)]
            mask_starts = [emit.at(mask_p, builder.load(emit.at(kept_p, r))) for r in range(masks)]

            def one(k, sums):
                place, kept = builder.load(emit.at(tap_p, k)), [mask_at(emit.at(start, k)) for start in mask_starts]
                scalar = builder.load(emit.at(weight_p, builder.load(emit.at(order_p, k))), align=emit.align)
                scalar = splat(builder, scalar, emit.vector)
                pieces = [masked(emit.at(start, place), kept[r % masks]) for r, start in enumerate(starts)]
                return [builder.call(emit.fma, [scalar, *pair]) for pair in zip(pieces, sums, strict=True)]

            sums = emit.run([splat(builder, base_, emit.vector)] * rows, depth_, one)
            for r, value in enumerate(sums):
                store(builder, value, emit.sums_pointer(out_p, out_step_, r, 0), emit.align)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, n, weight, n, x, n, n, table, n, n, n, n, n, weight.dtype), codegen

    return tile


def _taps_tile(lanes, step):
    """Make the tile that adds products of pieces of x and of grad, for ``TAPS`` taps, in lanes."""

    @intrinsic
    def tile(typingctx, sums, sums_at, x, x_at, grad, grad_at, table, tap, x_place, grad_place, kept, masks, depth):
        """Add ``x[table[x_place + k] + table[tap + r] + step * l] * grad[table[grad_place + k] + l]`` to sums[r, l].

        Bit l of ``table[masks + table[kept + k] + r]`` says whether it counts.
        """

        def codegen(context, builder, signature, args):
            """Emit the loop, whose step loads a piece of grad, and for every tap one of x."""
            sums_, sums_at_, x_, x_at_, grad_, grad_at_, table_, *firsts, depth_ = args
            emit = Tile(context, builder, signature.args[0].dtype, lanes, lanes)
            masked, mask_at = _pieces(builder, emit, step)
            sums_p = pointer_at(context, builder, signature.args[0], sums_, sums_at_)
            x_p = pointer_at(context, builder, signature.args[2], x_, x_at_)
            grad_p = pointer_at(context, builder, signature.args[4], grad_, grad_at_)
            tap_p, x_place_p, grad_place_p, kept_p, masks_p = (
                pointer_at(context, builder, signature.args[6], table_, at) for at in firsts
            )
            starts = [emit.at(x_p, builder.load(emit.at(tap_p, r))) for r in range(TAPS)]
            places = [emit.at(sums_p, r * lanes) for r in range(TAPS)]

            def one(k, sums):
                place = builder.load(emit.at(x_place_p, k))
                piece = load(builder, emit.at(grad_p, builder.load(emit.at(grad_place_p, k))), emit.vector, emit.align)
                masks = emit.at(masks_p, builder.load(emit.at(kept_p, k)))
                pieces = [masked(emit.at(start, place), mask_at(emit.at(masks, r))) for r, start in enumerate(starts)]
                return [builder.call(emit.fma, [piece, *pair]) for pair in zip(pieces, sums, strict=True)]

            before = [load(builder, place, emit.vector, emit.align) for place in places]
            for place, value in zip(places, emit.run(before, depth_, one), strict=True):
                store(builder, value, place, emit.align)
            return context.get_dummy_value()

        n = types.intp
        return types.void(sums, n, x, n, grad, n, table, n, n, n, n, n, n), codegen

    return tile


def _three(lanes, step):
    """Make the tiles for one row, for 4 rows whose masks are the same, and for any 4 rows."""
    return _rows_tile(1, lanes, step, 1), _rows_tile(ROWS, lanes, step, 1), _rows_tile(ROWS, lanes, step, ROWS)


#: ``row_tile(out, at, out_step, weight, weight_at, x, x_at, x_step, table, tap, order, kept, mask, depth, base)``, then
#: for 4 rows. ``second``: of every second pixel of x. ``short``: of 8 lanes.
row_tile, like_tile, rows_tile = _three(MOVE, 1)
second_row_tile, second_like_tile, second_rows_tile = _three(MOVE, 2)
short_row_tile, short_like_tile, short_rows_tile = _three(SHORT, 1)
short_second_row_tile, short_second_like_tile, short_second_rows_tile = _three(SHORT, 2)
#: ``taps_tile(sums, sums_at, x, x_at, grad, grad_at, table, tap, x_place, grad_place, kept, masks, depth)``,
#: and the same.
taps_tile, second_taps_tile = _taps_tile(MOVE, 1), _taps_tile(MOVE, 2)
short_taps_tile, short_second_taps_tile = _taps_tile(SHORT, 1), _taps_tile(SHORT, 2)
