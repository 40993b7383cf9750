"""The input gradient of a convolution with strides, which is a transposed convolution: all phases in one go.

With stride 2, the pixels of the result fall into 2 x 2 phases, and every tap of the weight meets pixels of one phase
only. Each phase is a small convolution of grad with stride 1, over the same places q of grad::

    phase 0  phase 1            result row        0 1 0 1 0 1 0 1
    0 0 0 0  1 1 1 1    ->      (a row phase)     two vectors are shuffled into one of twice the length

::

    for an image, a group, three pieces of 8 neighbours q in a row     on all threads
      for a row phase
        for a column phase
          for 128 of its taps k = (f, i, j)                what the tiles load is in the level-1 cache
            for 4 channels
              the tile: 4 x 3 pieces    in 12 registers    4 + 3 loads for 12 fused multiply-adds a tap
        for a channel: shuffle the column phases' sums together, store whole vectors

A phase that no tap meets has sums over nothing: zeros. With large strides most are such, and are left out: the
result is zero before.
"""

import sys

import numpy as np

from ..launch.jit import jit
from ..launch.tasks import Task
from ..simd.copies import interleave, move
from ..simd.tiles import DIRECT_PIECES, DIRECT_ROWS, MOVE, direct_tile
from ..simd.vectors import first_of
from .tiles import copy_of

#: Taps in a block.
DEPTH = 128
#: Most rows of a result where short rows of pixels leave lanes of a piece unused: with more, panels pay (``tiles``).
MOST_ROWS = 32
#: Sums of one row of a tile.
LANES = DIRECT_PIECES * MOVE


def most_rows(width):
    """Return the most rows that are computed here, for ``width`` pixels of grad in a row."""
    return MOST_ROWS if 4 * width <= 3 * MOVE else sys.maxsize


@jit
def _write(scratch, side, rows, row, left, sw, begins, width, out, out_at, out_plane, w):
    """Copy a piece of all column phases, ``side`` apart in scratch, to row ``row`` of the result."""
    whole = width == MOVE and left + MOVE * sw <= w
    for r in range(rows):
        source, to = r * LANES, out_at + r * out_plane + row * w + left
        if whole and sw == 2:
            interleave(out, to, scratch, source, source + side)
        elif whole and sw == 1:
            move(out, to, scratch, source)
        else:
            for b in range(begins.size):
                begin = begins[b]
                for lane in range(min(width, (w - left - begin + sw - 1) // sw)):
                    out[to + begin + lane * sw] = scratch[b * side + source + lane]


@jit
def _phase(scratch, to, image, image_at, packed, packed_at, table, first, last, place, aside, row_tiles, taps):
    """Sum one phase's taps, first .. last, for one tile of pieces and all rows."""
    depth = 0
    for k in range(first, max(last, first + 1), DEPTH):
        depth = min(DEPTH, last - k)
        for row in range(row_tiles):
            at = packed_at + row * (taps + 1) * DIRECT_ROWS
            base = at + taps * DIRECT_ROWS
            direct_tile(DIRECT_ROWS, scratch, to + row * DIRECT_ROWS * LANES, LANES, packed, at + k * DIRECT_ROWS,
                        image, image_at, table, place, aside, k, depth, base, k - first)  # fmt: skip


@Task
def correlate(task, slot, image, _weight, packed, out, table, numbers):
    """Compute a chunk of the pieces of one image and one group.

    The table begins with source_at of all phases, one after the other; the pieces' places in the image, their rows and
    columns; the places of a tile's pieces in scratch; the rows and the columns where the phases begin; and where each
    phase's taps start. Strides of 1 and 2 have all their phases.
    """
    (taps, pieces, width, groups, rows, image_step, group_step, h, w, sh, sw, row_phases, column_phases, chunk,
     chunks) = first_of(numbers, 15)  # fmt: skip
    rest, part = divmod(task, chunks)
    n, group = divmod(rest, groups)
    row_tiles = (rows + DIRECT_ROWS - 1) // DIRECT_ROWS
    image_at = n * image_step + group * group_step
    packed_at = copy_of(slot, numbers) + group * row_tiles * (taps + 1) * DIRECT_ROWS
    out_at = (n * groups + group) * rows * h * w
    aside = taps + 3 * pieces
    begins = aside + DIRECT_PIECES
    starts = begins + row_phases + column_phases
    columns = table[begins + row_phases : starts]
    side = row_tiles * DIRECT_ROWS * LANES
    scratch = np.empty(column_phases * side, image.dtype)
    for first in range(part * chunk, min(pieces, (part + 1) * chunk), DIRECT_PIECES):
        for a in range(row_phases):
            for b in range(column_phases):
                phase = starts + a * column_phases + b
                _phase(scratch, b * side, image, image_at, packed, packed_at, table, table[phase], table[phase + 1],
                       taps + first, aside, row_tiles, taps)  # fmt: skip
            for piece in range(DIRECT_PIECES):
                row = sh * table[taps + pieces + first + piece] + table[begins + a]
                left = sw * table[taps + 2 * pieces + first + piece]
                if row < h:
                    _write(scratch[piece * MOVE :], side, rows, row, left, sw, columns, width, out, out_at, h * w, w)
