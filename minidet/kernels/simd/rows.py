"""The tiles of ``conv.depthwise``: rows of pixels that lie in an image, of which those that are padding become 0.

Which of a piece's lanes are not padding is said by the bits of one number, the first lane's being the lowest:
with AVX-512 that is the mask of a load. What is masked is read, too.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .vectors import Tile, load, pointer_at, splat, store

#: Rows of a tile where all meet the same taps.
ROWS = 4
#: Taps of a weight gradient that are summed at once.
TAPS = 9


def _begin(context, builder, signature, values, lanes, step):
    """Return what both tiles begin with: the emitter, three functions, and the values of the tuple of arguments.

    The functions load a piece whose lanes lie ``step`` apart, with zeros where a bit is not set; load a mask of such
    bits; and find an element of an array of the tuple.
    """
    kinds, given = list(signature.args[-1]), cgutils.unpack_tuple(builder, values[-1])
    emit = Tile(context, builder, kinds[0].dtype, lanes, lanes)
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

    def pointer(array, at):
        return pointer_at(context, builder, kinds[given.index(array)], array, at)

    return emit, masked, mask_at, pointer, given


@intrinsic(prefer_literal=True)
def rows_tile(typingctx, rows, masks, lanes, step, args):
    """Sum the taps of a piece of some rows, which have a mask for each row, or one for all; the numbers are constants.

    ``args``: ``out, out_at, out_step, weight, weight_at, x, x_at, x_step, table, tap, order, kept, mask, depth, base``.
    Write ``out[r, l] = base + sum over k of weight[table[order + k]] * x[r, table[tap + k] + step * l]``.
    Bit l of ``table[table[kept + r] + mask + k]`` says whether a pixel counts.
    """
    rows_, masks_, lanes_, step_ = (number.literal_value for number in (rows, masks, lanes, step))

    def codegen(context, builder, signature, values):
        """Emit the loop, whose step loads a scalar, the masks and a piece of every row."""
        emit, masked, mask_at, pointer, given = _begin(context, builder, signature, values, lanes_, step_)
        out_, out_at_, out_step_, weight_, weight_at_, x_, x_at_, x_step_, table_, *firsts, depth_, base_ = given
        out_p, weight_p, x_p = pointer(out_, out_at_), pointer(weight_, weight_at_), pointer(x_, x_at_)
        tap_p, order_p, kept_p, mask_p = (pointer(table_, at) for at in firsts)
        starts = [emit.at(x_p, builder.mul(x_step_, ir.Constant(emit.int, r))) for r in range(rows_)]
        mask_starts = [emit.at(mask_p, builder.load(emit.at(kept_p, r))) for r in range(masks_)]

        def one(k, sums):
            place, kept = builder.load(emit.at(tap_p, k)), [mask_at(emit.at(start, k)) for start in mask_starts]
            scalar = builder.load(emit.at(weight_p, builder.load(emit.at(order_p, k))), align=emit.align)
            scalar = splat(builder, scalar, emit.vector)
            pieces = [masked(emit.at(start, place), kept[r % masks_]) for r, start in enumerate(starts)]
            return [builder.call(emit.fma, [scalar, *pair]) for pair in zip(pieces, sums, strict=True)]

        sums = emit.run([splat(builder, base_, emit.vector)] * rows_, depth_, one)
        for r, value in enumerate(sums):
            store(builder, value, emit.sums_pointer(out_p, out_step_, r, 0), emit.align)
        return context.get_dummy_value()

    return types.void(rows, masks, lanes, step, args), codegen


@intrinsic(prefer_literal=True)
def taps_tile(typingctx, lanes, step, args):
    """Add products of pieces of x and of grad, for ``TAPS`` taps, in lanes; lanes and step are constants.

    ``args``: ``sums, sums_at, x, x_at, grad, grad_at, table, tap, x_place, grad_place, kept, masks, depth``.
    Add ``x[table[x_place + k] + table[tap + r] + step * l] * grad[table[grad_place + k] + l]`` to sums[r, l].
    Bit l of ``table[masks + table[kept + k] + r]`` says whether it counts.
    """
    lanes_, step_ = lanes.literal_value, step.literal_value

    def codegen(context, builder, signature, values):
        """Emit the loop, whose step loads a piece of grad, and for every tap one of x."""
        emit, masked, mask_at, pointer, given = _begin(context, builder, signature, values, lanes_, step_)
        sums_, sums_at_, x_, x_at_, grad_, grad_at_, table_, *firsts, depth_ = given
        sums_p, x_p, grad_p = pointer(sums_, sums_at_), pointer(x_, x_at_), pointer(grad_, grad_at_)
        tap_p, x_place_p, grad_place_p, kept_p, masks_p = (pointer(table_, at) for at in firsts)
        starts = [emit.at(x_p, builder.load(emit.at(tap_p, r))) for r in range(TAPS)]
        places = [emit.at(sums_p, r * lanes_) for r in range(TAPS)]

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

    return types.void(lanes, step, args), codegen
