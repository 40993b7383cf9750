"""The tiles of ``conv.depthwise``: rows of pixels that lie in an image, of which those that are padding become 0.

Which of a piece's lanes are not padding is said by the bits of one number, the first lane's being the lowest:
with AVX-512 that is the mask of a load. What is masked is read, too.
"""

from llvmlite import ir

from .vectors import MOVE, SHORT, instruction

#: Rows of a tile.
ROWS = 4
#: Kinds of tiles: one row, rows that all meet the same taps, any rows; and their rows and masks.
ONE, LIKE, ANY = 0, 1, 2
KINDS = ((1, 1), (ROWS, 1), (ROWS, ROWS))
#: Taps of a weight gradient that are summed at once.
TAPS = 9


def _masked(e, pointer, step, lanes, bits):
    """Load a piece whose lanes lie ``step`` apart, with zeros where a bit of the number at ``bits`` is not set."""
    is_kept = e.builder.trunc(e.builder.load(bits), ir.IntType(lanes))
    is_kept = e.builder.bitcast(is_kept, ir.VectorType(ir.IntType(1), lanes))
    value = e.every(pointer, step, lanes)
    return e.builder.select(is_kept, value, ir.Constant(value.type, None))


@instruction
def rows_tile(e, kind, lanes, step, out, out_at, out_step, weight, weight_at, x, x_at, x_step, table, tap, order, kept,
              mask, depth, base):  # fmt: skip
    """Sum the taps of a piece of ``SHORT`` or ``MOVE`` lanes, whose pixels lie 1 or 2 apart, for the rows of a kind.

    Write ``out[r, l] = base + sum over k of weight[table[order + k]] * x[r, table[tap + k] + step * l]``.
    Bit l of ``table[table[kept + r] + mask + k]`` says whether a pixel counts; of rows that are alike, r is 0.
    """
    tap, order, kept, mask = (e.at(table, at) for at in (tap, order, kept, mask))
    out, weight, x = e.at(out, out_at), e.at(weight, weight_at), e.at(x, x_at)
    for number in e.choose(kind, (ONE, LIKE, ANY)):
        rows, masks = KINDS[number]
        for count in e.choose(lanes, (SHORT, MOVE)):
            for apart in e.choose(step, (1, 2)):
                starts = [e.at(x, r, x_step) for r in range(rows)]
                mask_starts = [e.at(mask, e.entry(kept, r)) for r in range(masks)]

                def one(k, sums, starts=starts, mask_starts=mask_starts, count=count, apart=apart):
                    """Load a scalar, and a piece of every row."""
                    place, bits = e.entry(tap, k), [e.at(start, k) for start in mask_starts]
                    scalar = e.splat(e.entry(weight, e.entry(order, k)), count)
                    pieces = [_masked(e, e.at(start, place), apart, count, bits[r % len(bits)])
                              for r, start in enumerate(starts)]  # fmt: skip
                    return [e.multiply_add(scalar, *pair) for pair in zip(pieces, sums, strict=True)]

                for r, value in enumerate(e.run([e.splat(base, count)] * rows, depth, one)):
                    e.store(value, e.at(out, r, out_step))


@instruction
def taps_tile(e, lanes, step, sums, sums_at, x, x_at, grad, grad_at, table, tap, pieces, masks, depth):
    """Add products of pieces of x and of grad, for ``TAPS`` taps, in ``SHORT`` or ``MOVE`` lanes, 1 or 2 apart in x.

    Add ``x[place_k + table[tap + r] + step * l] * grad[target_k + l]`` to sums[r, l], where bit l of
    ``table[masks + kept_k + r]`` is set; ``table[pieces + 3 * k]`` begins with the place, the target and kept. There is
    a register for each tap: few are left for where all this lies.
    """
    tap, pieces, masks = (e.at(table, at) for at in (tap, pieces, masks))
    sums, x, grad = e.at(sums, sums_at), e.at(x, x_at), e.at(grad, grad_at)
    for count in e.choose(lanes, (SHORT, MOVE)):
        for apart in e.choose(step, (1, 2)):
            starts = [e.at(x, e.entry(tap, r)) for r in range(TAPS)]
            places = [e.at(sums, r, count) for r in range(TAPS)]

            def one(k, sums, starts=starts, count=count, apart=apart):
                """Load a piece of grad, and for every tap one of x."""
                place, target, kept = (e.entry(e.at(pieces, k, 3), part) for part in range(3))
                piece, bits = e.load(e.at(grad, target), count), e.at(masks, kept)
                seen = [_masked(e, e.at(start, place), apart, count, e.at(bits, r)) for r, start in enumerate(starts)]
                return [e.multiply_add(piece, *pair) for pair in zip(seen, sums, strict=True)]

            before = [e.load(place, count) for place in places]
            for place, value in zip(places, e.run(before, depth, one), strict=True):
                e.store(value, place)
