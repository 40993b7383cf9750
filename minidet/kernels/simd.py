"""The multiply-add tiles, and a few more instructions: only the files simd*.py speak LLVM.

A tile is a block of sums that lives in registers from the first product to the last::

              lane 0 ......................... lane L-1
              b[k,0]                           b[k,L-1]      one row of the panel b: whole vectors
    a[k,0] -> sum[0,0] ....................... sum[0,L-1]    a[k,r] is copied to every lane, then
    a[k,1] -> sum[1,0] ....................... sum[1,L-1]    sum[r] += a[k,r] * b[k], for k = 0 .. depth-1
      ...
    a[k,R-1]  sum[R-1,0] ..................... sum[R-1,L-1]

Per step, the 4 x 24 tile of float32 loads 4 + 3 registers and issues 12 fused multiply-adds, 2 per cycle at best:
arithmetic, not loads, is the limit. 12 sums, 3 vectors of ``b`` and one of ``a`` are the 16 registers of AVX2.
With AVX-512 there are 32 registers of 16 numbers, and the tile is 8 x 48: 24 sums, 11 loads. Everywhere else too, the
numbers in the drawings are AVX2's; the code knows only ``MOVE``, ``DENSE_ROWS``, ``DENSE_LANES``.
Processors with shorter vectors run the same code: LLVM splits the vectors.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .simd_vectors import MOVE, SUMS, Tile, in_turn, load, pointer_at, shuffled, splat, store


def _dense_tile(rows, lanes):
    """Make the tile whose ``a`` is packed: ``a[k * rows + r]``."""

    @intrinsic
    def tile(typingctx, out, out_at, stride, a, a_at, b, b_at, depth, accumulate):
        """``out[r, l] (+)= sum over k of a[k, r] * b[k, l]``, the rows of ``out`` stride elements apart."""

        def codegen(context, builder, signature, args):
            """Emit a loop over k per pass: the scalars of some rows times one row of ``b``, added to their sums."""
            out_, out_at_, stride_, a_, a_at_, b_, b_at_, depth_, accumulate_ = args
            emit = Tile(context, builder, signature.args[0].dtype, lanes)
            out_p = pointer_at(context, builder, signature.args[0], out_, out_at_)
            a_p = pointer_at(context, builder, signature.args[3], a_, a_at_)
            b_p = pointer_at(context, builder, signature.args[5], b_, b_at_)
            for chosen in emit.passes(rows):

                def step(k, sums, chosen=chosen):
                    a_k = emit.at(a_p, k, rows)
                    scalars = [builder.load(emit.at(a_k, r), align=emit.align) for r in chosen]
                    return emit.multiply_add(scalars, emit.row(emit.at(b_p, k, lanes), 0), sums)

                sums = emit.run(emit.zeros(chosen), depth_, step)
                emit.finish(sums, out_p, stride_, chosen, accumulate_)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, n, a, n, b, n, n, n), codegen

    return tile


def _indexed_tile(rows, lanes):
    """Make the tile whose ``a`` is found through two tables: ``a[row_at[r] + step_at[k]]``."""

    @intrinsic
    def tile(typingctx, out, out_at, a, row_at, row_first, step_at, b, b_at, depth, accumulate):
        """``out[r, l] (+)= sum over k of a[row_at[row_first + r] + step_at[k]] * b[k, l]``."""

        def codegen(context, builder, signature, args):
            """Emit the loop; ``row_at`` goes into one pointer per row before it, so that a step reads one offset."""
            out_, out_at_, a_, row_at_, row_first_, step_at_, b_, b_at_, depth_, accumulate_ = args
            emit = Tile(context, builder, signature.args[0].dtype, lanes)
            zero, stride = ir.Constant(emit.int, 0), ir.Constant(emit.int, lanes)
            out_p = pointer_at(context, builder, signature.args[0], out_, out_at_)
            a_p = pointer_at(context, builder, signature.args[2], a_, zero)
            row_p = pointer_at(context, builder, signature.args[3], row_at_, row_first_)
            step_p = pointer_at(context, builder, signature.args[5], step_at_, zero)
            b_p = pointer_at(context, builder, signature.args[6], b_, b_at_)
            for chosen in emit.passes(rows):
                bases = [emit.at(a_p, builder.load(emit.at(row_p, r))) for r in chosen]

                def step(k, sums, bases=bases):
                    there = builder.load(emit.at(step_p, k))
                    scalars = [builder.load(emit.at(base, there), align=emit.align) for base in bases]
                    return emit.multiply_add(scalars, emit.row(emit.at(b_p, k, lanes), 0), sums)

                sums = emit.run(emit.zeros(chosen), depth_, step)
                emit.finish(sums, out_p, stride, chosen, accumulate_)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, a, row_at, n, step_at, b, n, n, n), codegen

    return tile


def _direct_tile(rows, pieces):
    """Make the tile that reads ``b`` where it lies, in pieces of 8 neighbours: ``b[place[piece] + step_at[k] + l]``."""

    @intrinsic
    def tile(typingctx, out, out_at, stride, a, a_at, b, b_at, table, place, to, step, depth, base_at, accumulate):
        """Start from ``a[base_at + r]``, or ``out`` if ``accumulate``; place, to and step are offsets in ``table``."""

        def codegen(context, builder, signature, args):
            """Emit the loop, whose step loads each piece where it lies; then write each to where ``to`` says."""
            out_, out_at_, stride_, a_, a_at_, b_, b_at_, table_, place_, to_, step_, depth_, base_, accumulate_ = args
            emit = Tile(context, builder, signature.args[0].dtype, pieces * MOVE)
            out_p = pointer_at(context, builder, signature.args[0], out_, out_at_)
            a_p = pointer_at(context, builder, signature.args[3], a_, a_at_)
            b_p = pointer_at(context, builder, signature.args[5], b_, b_at_)
            place_p, to_p, step_p = (
                pointer_at(context, builder, signature.args[7], table_, first) for first in (place_, to_, step_)
            )
            base_p = pointer_at(context, builder, signature.args[3], a_, base_)
            width = emit.vector.count
            parts = [(piece, part) for piece in range(pieces) for part in range(0, MOVE, width)]
            places = [builder.load(emit.at(place_p, piece)) for piece in range(pieces)]
            for chosen in emit.passes(rows):

                def step(k, sums, chosen=chosen):
                    there = emit.at(b_p, builder.load(emit.at(step_p, k)))
                    a_k = emit.at(a_p, k, rows)
                    scalars = [builder.load(emit.at(a_k, r), align=emit.align) for r in chosen]
                    row = [
                        load(builder, emit.at(emit.at(there, places[piece]), part), emit.vector, emit.align)
                        for piece, part in parts
                    ]
                    return emit.multiply_add(scalars, row, sums)

                sums = emit.run(emit.zeros(chosen), depth_, step)
                targets = [emit.at(out_p, builder.load(emit.at(to_p, piece))) for piece in range(pieces)]
                pointers = [
                    emit.at(emit.at(targets[piece], part), builder.mul(stride_, ir.Constant(emit.int, r)))
                    for r in chosen
                    for piece, part in parts
                ]
                bases = [
                    splat(builder, builder.load(emit.at(base_p, r), align=emit.align), emit.vector) for r in chosen
                ]
                bases = [base for base in bases for _ in parts]
                for value, pointer in zip(emit.add(sums, pointers, accumulate_, bases), pointers, strict=True):
                    store(builder, value, pointer, emit.align)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, n, a, n, b, n, table, n, n, n, n, n, n), codegen

    return tile


def _dot_tile(rows):
    """Make the tile whose lanes run along the sum: ``a[row_at[r] + place[k] + l] * b[target[k] + l]``."""

    @intrinsic
    def tile(typingctx, out, a, a_at, b, b_at, table, row_at, place, target, depth):
        """Write a sum per lane: for each row 8 parts of one dot product, which the caller adds up."""

        def codegen(context, builder, signature, args):
            """Emit the loop, whose step loads a piece of ``b``, for every row one of ``a``, and adds the products."""
            out_, a_, a_at_, b_, b_at_, table_, row_at_, place_, target_, depth_ = args
            emit = Tile(context, builder, signature.args[0].dtype, MOVE)
            zero, width = ir.Constant(emit.int, 0), emit.vector.count
            out_p = pointer_at(context, builder, signature.args[0], out_, zero)
            a_p = pointer_at(context, builder, signature.args[1], a_, a_at_)
            b_p = pointer_at(context, builder, signature.args[3], b_, b_at_)
            row_p, place_p, target_p = (
                pointer_at(context, builder, signature.args[5], table_, first) for first in (row_at_, place_, target_)
            )
            for chosen in emit.passes(rows):
                bases = [emit.at(a_p, builder.load(emit.at(row_p, r))) for r in chosen]

                def step(k, sums, bases=bases):
                    there = builder.load(emit.at(place_p, k))
                    b_k = emit.row(emit.at(b_p, builder.load(emit.at(target_p, k))), 0)
                    pairs = [
                        (load(builder, emit.at(emit.at(base, there), v * width), emit.vector, emit.align), b)
                        for base in bases
                        for v, b in enumerate(b_k)
                    ]
                    return [builder.call(emit.fma, [*pair, total]) for pair, total in zip(pairs, sums, strict=True)]

                sums = emit.run(emit.zeros(chosen), depth_, step)
                emit.finish(sums, out_p, ir.Constant(emit.int, MOVE), chosen, zero)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, a, n, b, n, table, n, n, n, n), codegen

    return tile


#: ``dense_tile(out, out_at, stride, a, a_at, b, b_at, depth, accumulate)``: R rows of L lanes, 4 of 24 or 8 of 48.
#: ``out[out_at + r * stride + l] (+)= sum over k of a[a_at + R * k + r] * b[b_at + L * k + l]``.
DENSE_ROWS, DENSE_LANES = SUMS // 3, 3 * MOVE
dense_tile = _dense_tile(DENSE_ROWS, DENSE_LANES)

#: ``indexed_tile(out, out_at, a, row_at, row_first, step_at, b, b_at, depth, accumulate)``: 6 or 9 rows of
#: 2 vectors, L lanes.
#: ``out[out_at + L * r + l] (+)= sum over k of a[row_at[row_first + r] + step_at[k]] * b[b_at + L * k + l]``.
#: ``narrow_tile`` is the same with 9 rows of 1 vector. (A kernel of 3 x 3 has 9 taps per channel.)
INDEXED_ROWS, INDEXED_LANES = 9 if SUMS == 24 else 6, 2 * MOVE
indexed_tile = _indexed_tile(INDEXED_ROWS, INDEXED_LANES)
NARROW_ROWS = 9
narrow_tile = _indexed_tile(NARROW_ROWS, MOVE)

#: ``direct_tile(out, out_at, stride, a, a_at, b, b_at, table, place, to, step, depth, base_at, accumulate)``: 4 rows of
#: 3 pieces. ``out[out_at + r * stride + table[to + piece] + l] = (out[the same] if accumulate else a[base_at + r])
#: + sum over k of a[a_at + 4 * k + r] * b[b_at + table[place + piece] + table[step + k] + l]``.
DIRECT_ROWS, DIRECT_PIECES = 4, 3
direct_tile = _direct_tile(DIRECT_ROWS, DIRECT_PIECES)

#: The same with 1 row of 12 pieces.
SINGLE_PIECES = 12
single_tile = _direct_tile(1, SINGLE_PIECES)


#: ``dot_tile(out, a, a_at, b, b_at, table, row_at, place, target, depth)``: 9 rows of 8 lanes, ``out[8 * r + l] = sum
#: over k of a[a_at + table[row_at + r] + table[place + k] + l] * b[b_at + table[target + k] + l]``.
DOT_ROWS = 9
dot_tile = _dot_tile(DOT_ROWS)


def _every(step):
    """Make a copy of 8 elements that lie ``step`` apart, from one load of all that lies between them."""

    def strided(context, builder, signature, source_, source_at_):
        dtype = signature.args[0].dtype
        vector, align = ir.VectorType(context.get_value_type(dtype), step * MOVE), dtype.bitwidth // 8
        value = load(builder, pointer_at(context, builder, signature.args[2], source_, source_at_), vector, align)
        order = ir.Constant(ir.VectorType(ir.IntType(32), MOVE), list(range(0, step * MOVE, step)))
        return builder.shuffle_vector(value, ir.Constant(vector, ir.Undefined), order), align

    @intrinsic
    def copy(typingctx, out, out_at, source, source_at):
        """``out[out_at + l] = source[source_at + step * l]``; ``step * MOVE`` elements are read."""

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


@intrinsic
def fetch_add(typingctx, counter):
    """Add 1 to ``counter[0]`` as one indivisible step, and return what it was."""

    def codegen(context, builder, signature, args):
        one = ir.Constant(context.get_value_type(types.int64), 1)
        pointer = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", pointer, one, "monotonic")

    return types.int64(counter), codegen


@intrinsic
def call_address(typingctx, address, index, a, b, c, out, table, numbers):
    """Call the compiled function at ``address`` with the other arguments."""

    def codegen(context, builder, signature, args):
        kinds = [context.get_value_type(kind) for kind in signature.args[1:]]
        function = ir.FunctionType(ir.VoidType(), kinds)
        builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(types.intp, types.int64, a, b, c, out, table, numbers), codegen
