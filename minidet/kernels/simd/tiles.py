"""The multiply-add tiles, and a few more instructions: only the files of this room speak LLVM.

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

from .vectors import MOVE, SUMS, Tile, load, pointer_at, splat, store


def _dense_tile(rows, lanes, pitch=None):
    """Make the tile whose ``a`` is packed: ``a[k * rows + r]``; a row of ``b`` has ``pitch`` lanes."""
    pitch = lanes if pitch is None else pitch

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
                    return emit.multiply_add(scalars, emit.row(emit.at(b_p, k, pitch), 0), sums)

                sums = emit.run(emit.zeros(chosen), depth_, step)
                emit.finish(sums, out_p, stride_, chosen, accumulate_)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, n, a, n, b, n, n, n), codegen

    return tile


def _copying_tile(vectors):
    """Make the tile of the dense tile's rows that reads ``b`` where its rows lie, and copies them to a panel."""

    @intrinsic
    def tile(typingctx, out, out_at, stride, a, a_at, b, b_at, step, panel, panel_at, depth):
        """Sum ``a[k, r] * b[k * step + l]`` over k, on top of ``a[depth, r]``; ``panel[k, l] = b[k * step + l]``."""

        def codegen(context, builder, signature, args):
            """Emit the loop, whose step loads a row of ``b``, stores it, and adds its products."""
            out_, out_at_, stride_, a_, a_at_, b_, b_at_, step_, panel_, panel_at_, depth_ = args
            emit = Tile(context, builder, signature.args[0].dtype, vectors * MOVE)
            out_p = pointer_at(context, builder, signature.args[0], out_, out_at_)
            a_p = pointer_at(context, builder, signature.args[3], a_, a_at_)
            b_p = pointer_at(context, builder, signature.args[5], b_, b_at_)
            panel_p = pointer_at(context, builder, signature.args[8], panel_, panel_at_)
            last = emit.at(a_p, builder.mul(depth_, ir.Constant(emit.int, DENSE_ROWS)))
            zero = ir.Constant(emit.int, 0)
            for chosen in emit.passes(DENSE_ROWS):

                def one(k, sums, chosen=chosen):
                    a_k, panel_k = emit.at(a_p, k, DENSE_ROWS), emit.at(panel_p, k, DENSE_LANES)
                    row = emit.row(emit.at(b_p, builder.mul(k, step_)), 0)
                    for v, value in enumerate(row):
                        store(builder, value, emit.at(panel_k, v * emit.vector.count), emit.align)
                    scalars = [builder.load(emit.at(a_k, r), align=emit.align) for r in chosen]
                    return emit.multiply_add(scalars, row, sums)

                sums = emit.run(emit.zeros(chosen), depth_, one)
                places = [(r, v) for r in chosen for v in range(emit.vectors)]
                bases = {
                    r: splat(builder, builder.load(emit.at(last, r), align=emit.align), emit.vector) for r in chosen
                }
                emit.write(sums, [emit.sums_pointer(out_p, stride_, r, v) for r, v in places], zero,
                           [bases[r] for r, _ in places])  # fmt: skip
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, n, a, n, b, n, n, panel, n, n), codegen

    return tile


def _indexed_tile(rows, lanes, pitch=None):
    """Make the tile whose ``a`` is found through two tables: ``a[row_at[r] + step_at[k]]``."""
    pitch = lanes if pitch is None else pitch

    @intrinsic
    def tile(typingctx, out, out_at, a, row_at, row_first, step_at, b, b_at, depth, accumulate):
        """``out[r, l] (+)= sum over k of a[row_at[row_first + r] + step_at[k]] * b[k, l]``."""

        def codegen(context, builder, signature, args):
            """Emit the loop; ``row_at`` goes into one pointer per row before it, so that a step reads one offset."""
            out_, out_at_, a_, row_at_, row_first_, step_at_, b_, b_at_, depth_, accumulate_ = args
            emit = Tile(context, builder, signature.args[0].dtype, lanes)
            zero, stride = ir.Constant(emit.int, 0), ir.Constant(emit.int, pitch)
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
                    return emit.multiply_add(scalars, emit.row(emit.at(b_p, k, pitch), 0), sums)

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
                emit.write(sums, pointers, accumulate_, bases)
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, n, a, n, b, n, table, n, n, n, n, n, n), codegen

    return tile


#: ``dense_tile(out, out_at, stride, a, a_at, b, b_at, depth, accumulate)``: R rows of L lanes, 4 of 24 or 8 of 48.
#: ``out[out_at + r * stride + l] (+)= sum over k of a[a_at + R * k + r] * b[b_at + L * k + l]``.
DENSE_ROWS, DENSE_LANES = SUMS // 3, 3 * MOVE
dense_tile = _dense_tile(DENSE_ROWS, DENSE_LANES)
#: The same for the first one or two vectors of ``b``'s rows.
dense_tile_of_one, dense_tile_of_two = (_dense_tile(DENSE_ROWS, n * MOVE, DENSE_LANES) for n in (1, 2))
#: ``copying_tile(out, out_at, stride, a, a_at, b, b_at, step, panel, panel_at, depth)``: the first tile of a panel.
#: ``out[out_at + r * stride + l] = a[a_at + R * depth + r]
#: + sum over k of a[a_at + R * k + r] * b[b_at + step * k + l]``, and
#: ``panel[panel_at + L * k + l] = b[b_at + step * k + l]``. And its first one or two vectors.
copying_tile, copying_tile_of_one, copying_tile_of_two = (_copying_tile(n) for n in (3, 1, 2))
#: And ``strided_tile`` with 24 or 32 lanes: its panels are up to four times as deep, and must fit in the same cache.
STRIDED_LANES = 2 * MOVE if SUMS == 24 else DENSE_LANES
strided_tile = _dense_tile(DENSE_ROWS, STRIDED_LANES)

#: ``indexed_tile(out, out_at, a, row_at, row_first, step_at, b, b_at, depth, accumulate)``: 6 or 9 rows of
#: 2 vectors, L lanes.
#: ``out[out_at + L * r + l] (+)= sum over k of a[row_at[row_first + r] + step_at[k]] * b[b_at + L * k + l]``.
#: ``narrow_tile`` is the same with 9 rows of 1 vector. (A kernel of 3 x 3 has 9 taps per channel.)
INDEXED_ROWS, INDEXED_LANES = 9 if SUMS == 24 else 6, 2 * MOVE
indexed_tile = _indexed_tile(INDEXED_ROWS, INDEXED_LANES)
NARROW_ROWS = 9
narrow_tile = _indexed_tile(NARROW_ROWS, MOVE)
#: And ``channels_tile`` with 6 or 8 rows, of which few are unused where there are 32, 64, ... of them.
CHANNELS_ROWS = 8 if SUMS == 24 else 6
channels_tile = _indexed_tile(CHANNELS_ROWS, INDEXED_LANES)
#: ``own_tile`` is the same with the rows and lanes of ``dense_tile``, and with its first one or two vectors.
own_tile = _indexed_tile(DENSE_ROWS, DENSE_LANES)
own_tile_of_one, own_tile_of_two = (_indexed_tile(DENSE_ROWS, n * MOVE, DENSE_LANES) for n in (1, 2))

#: ``direct_tile(out, out_at, stride, a, a_at, b, b_at, table, place, to, step, depth, base_at, accumulate)``: 4 rows of
#: 3 pieces. ``out[out_at + r * stride + table[to + piece] + l] = (out[the same] if accumulate else a[base_at + r])
#: + sum over k of a[a_at + 4 * k + r] * b[b_at + table[place + piece] + table[step + k] + l]``.
DIRECT_ROWS, DIRECT_PIECES = 4, 3
direct_tile = _direct_tile(DIRECT_ROWS, DIRECT_PIECES)
#: ``high_tile`` is the same with the rows of ``dense_tile``.
high_tile = _direct_tile(DENSE_ROWS, DIRECT_PIECES)


@intrinsic
def fetch_add(typingctx, counter):
    """Add 1 to ``counter[0]`` as one indivisible step, and return what it was."""

    def codegen(context, builder, signature, args):
        one = ir.Constant(context.get_value_type(types.int64), 1)
        pointer = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", pointer, one, "monotonic")

    return types.int64(counter), codegen


@intrinsic
def call_address(typingctx, address, index, slot, a, b, c, out, table, numbers):
    """Call the compiled function at ``address`` with the other arguments."""

    def codegen(context, builder, signature, args):
        kinds = [context.get_value_type(kind) for kind in signature.args[1:]]
        function = ir.FunctionType(ir.VoidType(), kinds)
        builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(types.intp, types.int64, types.int64, a, b, c, out, table, numbers), codegen
