"""The multiply-add tiles, and two more instructions: only the files of this room speak LLVM.

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

import itertools

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import MOVE, SUMS, instruction

#: Rows and lanes of the dense tile: 4 of 24, or 8 of 48.
DENSE_ROWS, DENSE_LANES = SUMS // 3, 3 * MOVE
#: Lanes of the strided tile, 24 or 32: its panels are up to four times as deep, and must fit in the same cache.
STRIDED_LANES = 2 * MOVE if SUMS == 24 else DENSE_LANES
#: Rows and lanes of the indexed tile; rows of the narrow one. (A kernel of 3 x 3 has 9 taps per channel.)
INDEXED_ROWS, INDEXED_LANES, NARROW_ROWS = 9 if SUMS == 24 else 6, 2 * MOVE, 9
#: Rows of the same for channels: few are unused where there are 32, 64, ... of them.
CHANNELS_ROWS = 8 if SUMS == 24 else 6
#: Rows of the direct tile, and its pieces of 8 neighbours.
DIRECT_ROWS, DIRECT_PIECES = 4, 3


def _tile(e, rows, lanes, depth, step, target, accumulate, base=None, panel=None):
    """Emit the sums of a tile, in as many passes as registers ask for: float64 needs two.

    ``step(k, chosen)`` returns the pointers to the scalars of some rows, and to the vectors of ``b``, which are copied
    to a panel, if there is one. ``target(r, l)`` points to where the sums of lane l and those behind it go, ``base(r)``
    to what is added to them.
    """
    vectors = lanes // e.native
    size = max(1, min(rows, SUMS // vectors))
    for first in range(0, rows, size):
        chosen = range(first, min(first + size, rows))

        def one(k, sums, chosen=chosen):
            pointers, places = step(k, chosen)
            scalars = [e.builder.load(pointer) for pointer in pointers]
            row = [e.load(place, e.native) for place in places]
            for number, vector in enumerate(row if panel else ()):
                e.store(vector, e.at(e.at(panel, k, DENSE_LANES), number * e.native))
            copied = [e.splat(scalar, e.native) for scalar in scalars]
            return [e.multiply_add(*pair, value) for pair, value in
                    zip(itertools.product(copied, row), sums, strict=True)]  # fmt: skip

        zeros = [ir.Constant(ir.VectorType(e.scalar, e.native), None)] * (len(chosen) * vectors)
        sums = e.run(zeros, depth, one)
        targets = [target(r, lane) for r in chosen for lane in range(0, lanes, e.native)]
        bases = base and [value for r in chosen for value in [e.splat(e.builder.load(base(r)), e.native)] * vectors]
        e.write(sums, targets, accumulate, bases)


def _row(e, pointer, lanes):
    """Point to the vectors of a row of ``b``."""
    return [e.at(pointer, lane) for lane in range(0, lanes, e.native)]


def _dense(e, lanes, pitch, out, out_at, stride, a, a_at, b, b_at, depth, accumulate, panel=None):
    """Emit the tile whose ``a`` is packed, and whose ``b`` has rows of ``pitch``, of which it uses ``lanes``.

    With a panel, ``a`` ends with what is added to the sums.
    """
    out, a, b = e.at(out, out_at), e.at(a, a_at), e.at(b, b_at)
    last = e.at(a, depth, DENSE_ROWS)

    def step(k, chosen):
        a_k = e.at(a, k, DENSE_ROWS)
        return [e.at(a_k, r) for r in chosen], _row(e, e.at(b, k, pitch), lanes)

    def target(r, lane):
        return e.at(e.at(out, r, stride), lane)

    _tile(e, DENSE_ROWS, lanes, depth, step, target, accumulate, panel and (lambda r: e.at(last, r)), panel)


@instruction
def dense_tile(e, out, out_at, stride, a, a_at, b, b_at, depth, accumulate):
    """Sum R rows of L lanes, 4 of 24 or 8 of 48, on top of what is there if ``accumulate``.

    ``out[out_at + r * stride + l] (+)= sum over k of a[a_at + R * k + r] * b[b_at + L * k + l]``
    """
    _dense(e, DENSE_LANES, DENSE_LANES, out, out_at, stride, a, a_at, b, b_at, depth, accumulate)


@instruction
def dense_tile_of(e, vectors, out, out_at, stride, a, a_at, b, b_at, depth, accumulate):
    """Do the same for the first one, two or three vectors of ``b``'s rows."""
    for count in e.choose(vectors, (3, 2, 1)):
        _dense(e, count * MOVE, DENSE_LANES, out, out_at, stride, a, a_at, b, b_at, depth, accumulate)


@instruction
def strided_tile(e, out, out_at, stride, a, a_at, b, b_at, depth, accumulate):
    """Do the same for rows of ``STRIDED_LANES``."""
    _dense(e, STRIDED_LANES, STRIDED_LANES, out, out_at, stride, a, a_at, b, b_at, depth, accumulate)


@instruction
def copying_tile_of(e, vectors, out, out_at, stride, a, a_at, b, b_at, pitch, panel, depth):
    """Sum the rows of the dense tile for ``b`` where its rows lie, and copy these to a panel, as it will read them.

    ``out[out_at + r * stride + l] = a[a_at + R * depth + r]
    + sum over k of a[a_at + R * k + r] * b[b_at + pitch * k + l]``, and ``panel[L * k + l] = b[b_at + pitch * k + l]``,
    for the lanes l of one, two or three vectors.
    """
    for count in e.choose(vectors, (3, 2, 1)):
        _dense(e, count * MOVE, pitch, out, out_at, stride, a, a_at, b, b_at, depth, ir.Constant(e.int, 0), panel)


def _indexed(e, rows, lanes, pitch, out, out_at, a, row_at, row, step_at, b, b_at, depth, accumulate):
    """Emit the tile whose ``a`` is found through two tables.

    ``row_at`` goes into one pointer per row before the loop, so that a step reads one offset.
    """
    out, b, row_at = e.at(out, out_at), e.at(b, b_at), e.at(row_at, row)
    bases = [e.at(a, e.entry(row_at, r)) for r in range(rows)]

    def step(k, chosen):
        there = e.entry(step_at, k)
        return [e.at(bases[r], there) for r in chosen], _row(e, e.at(b, k, pitch), lanes)

    _tile(e, rows, lanes, depth, step, lambda r, lane: e.at(out, r * pitch + lane), accumulate)


@instruction
def indexed_tile(e, lanes, out, out_at, a, row_at, row, step_at, b, b_at, depth, accumulate):
    """Sum 6 or 9 rows of ``INDEXED_LANES``, or 9 rows of ``MOVE`` (the narrow tile), as ``lanes`` asks for.

    ``out[out_at + lanes * r + l] (+)= sum over k of a[row_at[row + r] + step_at[k]] * b[b_at + lanes * k + l]``
    """
    for chosen in e.choose(lanes, (INDEXED_LANES, MOVE)):
        rows = INDEXED_ROWS if chosen == INDEXED_LANES else NARROW_ROWS
        _indexed(e, rows, chosen, chosen, out, out_at, a, row_at, row, step_at, b, b_at, depth, accumulate)


@instruction
def channels_tile(e, out, out_at, a, row_at, row, step_at, b, b_at, depth, accumulate):
    """Do the same for ``CHANNELS_ROWS`` of ``INDEXED_LANES``."""
    lanes = INDEXED_LANES
    _indexed(e, CHANNELS_ROWS, lanes, lanes, out, out_at, a, row_at, row, step_at, b, b_at, depth, accumulate)


@instruction
def own_tile_of(e, vectors, out, out_at, a, row_at, row, step_at, b, b_at, depth, accumulate):
    """Do the same for the rows of the dense tile, and one, two or three vectors of its lanes."""
    for count in e.choose(vectors, (3, 2, 1)):
        _indexed(e, DENSE_ROWS, count * MOVE, DENSE_LANES, out, out_at, a, row_at, row, step_at, b, b_at, depth,
                 accumulate)  # fmt: skip


@instruction
def direct_tile(e, rows, out, out_at, stride, a, a_at, b, b_at, table, place, to, offset, depth, base_at, accumulate):
    """Sum 4 rows of 3 pieces, or as many as the dense tile has, of ``b`` where the pieces lie.

    ``out[out_at + r * stride + table[to + piece] + l] = (out[the same] if accumulate else a[base_at + r])
    + sum over k of a[a_at + rows * k + r] * b[b_at + table[place + piece] + table[offset + k] + l]``
    """
    out, b, a_first, base = e.at(out, out_at), e.at(b, b_at), e.at(a, a_at), e.at(a, base_at)
    place, to, offset = (e.at(table, at) for at in (place, to, offset))
    for count in e.choose(rows, (DIRECT_ROWS, DENSE_ROWS)):
        places = [e.entry(place, piece) for piece in range(DIRECT_PIECES)]
        targets = [e.at(out, e.entry(to, piece)) for piece in range(DIRECT_PIECES)]

        def step(k, chosen, count=count, places=places):
            there, a_k = e.at(b, e.entry(offset, k)), e.at(a_first, k, count)
            row = [vector for piece in places for vector in _row(e, e.at(there, piece), MOVE)]
            return [e.at(a_k, r) for r in chosen], row

        def target(r, lane, targets=targets):
            return e.at(e.at(targets[lane // MOVE], lane % MOVE), r, stride)

        _tile(e, count, DIRECT_PIECES * MOVE, depth, step, target, accumulate, lambda r: e.at(base, r))


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
