"""Copies in vectors: of neighbours, of every second number, of rows in turn; and the transposition of a block.

As in ``simd.py``, the numbers in the explanations are AVX2's.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .tiles import DENSE_ROWS, INDEXED_LANES
from .vectors import MOVE, in_turn, load, pointer_at, shuffled, store


def _every(step, lanes=MOVE):
    """Make a copy of 8 elements that lie ``step`` apart, from one load of all that lies between them."""

    def strided(context, builder, signature, source_, source_at_):
        dtype = signature.args[0].dtype
        vector, align = ir.VectorType(context.get_value_type(dtype), step * lanes), dtype.bitwidth // 8
        value = load(builder, pointer_at(context, builder, signature.args[2], source_, source_at_), vector, align)
        order = ir.Constant(ir.VectorType(ir.IntType(32), lanes), list(range(0, step * lanes, step)))
        return builder.shuffle_vector(value, ir.Constant(vector, ir.Undefined), order), align

    @intrinsic
    def copy(typingctx, out, out_at, source, source_at):
        """``out[out_at + l] = source[source_at + step * l]``; ``step * lanes`` elements are read."""

        def codegen(context, builder, signature, args):
            out_, out_at_, source_, source_at_ = args
            value, align = strided(context, builder, signature, source_, source_at_)
            store(builder, value, pointer_at(context, builder, signature.args[0], out_, out_at_), align)
            return context.get_dummy_value()

        return types.void(out, types.intp, source, types.intp), codegen

    @intrinsic
    def copy_some(typingctx, out, out_at, source, source_at, kept, kept_at):
        """Do the same where ``kept[kept_at + l]`` is not 0; the other lanes become 0, though they are read."""

        def codegen(context, builder, signature, args):
            out_, out_at_, source_, source_at_, kept_, kept_at_ = args
            value, align = strided(context, builder, signature, source_, source_at_)
            zeros = ir.Constant(value.type, None)
            place = pointer_at(context, builder, signature.args[4], kept_, kept_at_)
            is_kept = builder.fcmp_unordered("!=", load(builder, place, value.type, align), zeros)
            value = builder.select(is_kept, value, zeros)
            store(builder, value, pointer_at(context, builder, signature.args[0], out_, out_at_), align)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, source, n, kept, n), codegen

    return copy, copy_some


#: ``move(out, out_at, source, source_at)``: copy ``MOVE`` elements, ``out[out_at + l] = source[source_at + l]``.
#: ``move_some(..., kept, kept_at)``: only the lanes whose ``kept[kept_at + l]`` is not 0; 0 in the others.
move, move_some = _every(1)
#: The same for elements that lie 2, or 4, apart: ``out[out_at + l] = source[source_at + 2 * l]``.
every_second, every_second_of_some = _every(2)
every_fourth, _ = _every(4)
#: Copy 4 neighbours, and 8: what is less than ``MOVE``.
move_four, move_eight = (_every(1, lanes)[0] for lanes in (4, 8))


def _rows_in_turn(count, length):
    """Make a copy of some elements of each of some rows, one of each row in turn."""

    @intrinsic
    def copy(typingctx, out, out_at, source, source_at, step):
        """``out[out_at + count * l + r] = source[source_at + r * step + l]``."""

        def codegen(context, builder, signature, args):
            out_, out_at_, source_, source_at_, step_ = args
            dtype = signature.args[0].dtype
            align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), length)
            start = pointer_at(context, builder, signature.args[2], source_, source_at_)
            places = [builder.mul(step_, ir.Constant(step_.type, r)) for r in range(count)]
            value = in_turn(builder, [load(builder, builder.gep(start, [place]), vector, align) for place in places])
            store(builder, value, pointer_at(context, builder, signature.args[0], out_, out_at_), align)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, source, n, n), codegen

    return copy


#: ``four_in_turn(out, out_at, source, source_at, step)``: copy 8 elements of 4 rows, ``step`` apart, one of each in
#: turn: ``out[out_at + 4 * l + r] = source[source_at + r * step + l]``.
IN_TURN = 8
four_in_turn = _rows_in_turn(4, IN_TURN)
#: The same for as many rows as a dense tile, an indexed and a narrow one have; of the last two, FEW elements each.
dense_in_turn, FEW = _rows_in_turn(DENSE_ROWS, IN_TURN), 4
dense_row = _rows_in_turn(1, DENSE_ROWS)  # as many elements as a dense tile has rows, of one row
indexed_in_turn, narrow_in_turn = _rows_in_turn(INDEXED_LANES, FEW), _rows_in_turn(MOVE, FEW)


#: Rows and columns of the block that ``turn`` transposes.
TURN = 8


@intrinsic
def turn(typingctx, out, out_at, out_step, source, source_at, source_step):
    """Transpose a block of 8 x 8: ``out[out_at + l * out_step + r] = source[source_at + r * source_step + l]``."""

    def codegen(context, builder, signature, args):
        """Emit 8 loads, the shuffles that put all rows in turn, and 8 stores of a part each."""
        out_, out_at_, out_step_, source_, source_at_, source_step_ = args
        dtype = signature.args[0].dtype
        align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), TURN)
        start = pointer_at(context, builder, signature.args[3], source_, source_at_)
        places = [builder.mul(source_step_, ir.Constant(source_step_.type, r)) for r in range(TURN)]
        value = in_turn(builder, [load(builder, builder.gep(start, [place]), vector, align) for place in places])
        target = pointer_at(context, builder, signature.args[0], out_, out_at_)
        for lane in range(TURN):
            order = ir.Constant(ir.VectorType(ir.IntType(32), TURN), list(range(lane * TURN, (lane + 1) * TURN)))
            row = builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), order)
            place = builder.mul(out_step_, ir.Constant(out_step_.type, lane))
            store(builder, row, builder.gep(target, [place]), align)
        return context.get_dummy_value()

    n = types.intp
    return types.void(out, n, n, source, n, n), codegen


@intrinsic
def interleave(typingctx, out, out_at, source, even_at, odd_at):
    """Copy twice ``MOVE`` elements: ``out[out_at + 2 * l] = source[even_at + l]``, the places between from odd_at."""

    def codegen(context, builder, signature, args):
        out_, out_at_, source_, even_at_, odd_at_ = args
        dtype = signature.args[0].dtype
        align, vector = dtype.bitwidth // 8, ir.VectorType(context.get_value_type(dtype), MOVE)
        even, odd = (
            load(builder, pointer_at(context, builder, signature.args[2], source_, at), vector, align)
            for at in (even_at_, odd_at_)
        )
        target = pointer_at(context, builder, signature.args[0], out_, out_at_)
        store(builder, shuffled(builder, even, odd), target, align)
        return context.get_dummy_value()

    n = types.intp
    return types.void(out, n, source, n, n), codegen
