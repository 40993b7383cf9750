"""Copies in vectors: of neighbours, of every second number, of rows in turn; and the transposition of a block.

As in ``tiles.py``, the numbers in the explanations are AVX2's.
"""

from .tiles import DENSE_ROWS, DIRECT_ROWS, INDEXED_LANES
from .vectors import MOVE, instruction


def _neighbours(lanes):
    """Make a copy of so many neighbours."""

    @instruction
    def copy(e, out, out_at, source, source_at):
        """``out[out_at + l] = source[source_at + l]``."""
        e.store(e.load(e.at(source, source_at), lanes), e.at(out, out_at))

    return copy


#: ``move(out, out_at, source, source_at)``: copy ``MOVE`` neighbours, ``out[out_at + l] = source[source_at + l]``.
move = _neighbours(MOVE)
#: The same for 4 and for 8, what is less than ``MOVE``; and for as many as a dense tile has rows.
move_four, move_eight, dense_row = (_neighbours(lanes) for lanes in (4, 8, DENSE_ROWS))


@instruction
def copy_every(e, out, out_at, source, source_at, step):
    """``out[out_at + l] = source[source_at + step * l]`` for ``MOVE`` elements, which lie 1, 2 or 4 apart."""
    for chosen in e.choose(step, (1, 2, 4)):
        e.store(e.every(e.at(source, source_at), chosen), e.at(out, out_at))


@instruction
def copy_some(e, out, out_at, source, source_at, step, kept, kept_at):
    """Do the same, 1 or 2 apart, where ``kept[kept_at + l]`` is not 0; the other lanes are read, but become 0."""
    for chosen in e.choose(step, (1, 2)):
        value = e.every(e.at(source, source_at), chosen)
        e.store(e.kept(value, e.load(e.at(kept, kept_at))), e.at(out, out_at))


def _rows_in_turn(options, length):
    """Make a copy of some elements of each of some rows, one of each row in turn."""

    @instruction
    def copy(e, rows, out, out_at, source, source_at, step):
        """``out[out_at + rows * l + r] = source[source_at + r * step + l]``."""
        start = e.at(source, source_at)
        for count in e.choose(rows, options):
            e.store(e.in_turn([e.load(e.at(start, r, step), length) for r in range(count)]), e.at(out, out_at))

    return copy


#: ``rows_in_turn(rows, out, out_at, source, source_at, step)``: copy 8 elements of each of the rows of a tile, ``step``
#: apart, one of each in turn: ``out[out_at + rows * l + r] = source[source_at + r * step + l]``.
#: ``lanes_in_turn`` is the same for 4 elements of as many rows as an indexed tile has lanes, or a narrow one.
IN_TURN, FEW = 8, 4
rows_in_turn = _rows_in_turn((DENSE_ROWS, DIRECT_ROWS), IN_TURN)
lanes_in_turn = _rows_in_turn((INDEXED_LANES, MOVE), FEW)

#: Rows and columns of the block that ``turn`` transposes.
TURN = 8


@instruction
def turn(e, out, out_at, out_step, source, source_at, source_step):
    """Transpose a block of 8 x 8: ``out[out_at + l * out_step + r] = source[source_at + r * source_step + l]``.

    That are 8 loads, the shuffles that put all rows in turn, and 8 stores of a part each.
    """
    start, target = e.at(source, source_at), e.at(out, out_at)
    value = e.in_turn([e.load(e.at(start, r, source_step), TURN) for r in range(TURN)])
    for lane in range(TURN):
        e.store(e.picked(value, range(lane * TURN, (lane + 1) * TURN)), e.at(target, lane, out_step))


@instruction
def interleave(e, out, out_at, source, even_at, odd_at):
    """Copy twice ``MOVE`` elements: ``out[out_at + 2 * l] = source[even_at + l]``, the places between from odd_at."""
    e.store(e.in_turn([e.load(e.at(source, at)) for at in (even_at, odd_at)]), e.at(out, out_at))
