"""A convolution with few filters per group: the tiles read the image where it lies.

::

    for an image, a group, some pieces of 8 neighbours in a row     on all threads
      for 4 filters
        the tile: 4 x 3 pieces    in 12 registers      4 + 3 loads for 12 fused multiply-adds a tap k = (c, i, j)

Gathering a panel (``tiles``) pays when many filters use it. With 1 to 32 the tile had better load its pixels
from the padded image, at ``place[piece] + source_at[k]``: the vectors cross cache lines, but are loaded only once per
4 filters. More than 128 taps are summed in blocks of 128, four neighbouring tiles in turn, so that what one loads is in
the level-1 cache for the next.

With AVX-512 a panel pays sooner, because its tiles have 8 rows, and are quick. So do the tiles here where they leave no
more rows unused than those of 4; large kernels would gather each pixel so often that they are computed here, too.

So are a network's first layers, with many filters: their few taps are all in the level-1 cache. The sums of 4 filters
go straight to the result, for up to 32 tiles of pixels one after the other, because the result is large, and memory is
fast only in long runs.

A row of the result that is no whole number of pieces leaves lanes unused. Where that is more than what padding adds to
a row, the rows of the padded image are one long row, and what is computed across its borders is not written. The
padding to the right of a row is then the padding to the left of the next one.
"""

import numpy as np

from ..launch.jit import jit
from ..launch.tasks import Task
from ..simd.tiles import DENSE_ROWS, DIRECT_PIECES, DIRECT_ROWS, MOVE, direct_tile
from ..simd.vectors import first_of
from .tiles import copy_of, copy_run

#: Taps in a block, and tiles that use a block one after the other; tiles that go straight to the result.
DEPTH, BATCH, RUN = 128, 4, 32
#: Most filters per group that are computed here: panels pay sooner where their tiles have more rows than these.
MOST_ROWS = 32 if DENSE_ROWS == DIRECT_ROWS else 16
#: The same for kernels of at least so many taps, if the image needs not be split.
LARGE, MORE_ROWS = 25, 32
#: Most taps of all channels for which sums go straight to the result. Then the same for kernels that meet each pixel of
#: at most so many channels again and again, and most lanes of pieces for one pixel.
NEAR, FIRST_ROWS, FIRST_CHANNELS, WASTE = 160, 96, 8, 1.2


def is_straight(rows, columns, taps):
    """Tell whether whole tiles of rows and pieces are written where they belong, and all taps are near."""
    return columns >= MOVE and rows % tile_rows(rows) == 0 and taps <= NEAR


def is_worth_it(rows, columns, channels, kernel, phases):
    """Tell whether no panels are better: for filters and channels of a group, taps of a kernel, phases of the image."""
    if rows <= (MORE_ROWS if kernel >= LARGE and phases == 1 else MOST_ROWS):
        return True
    is_first = kernel > 1 and channels <= FIRST_CHANNELS and rows <= FIRST_ROWS
    return is_first and is_straight(rows, columns, channels * kernel) and -(-columns // MOVE) * MOVE <= WASTE * columns


def tile_rows(rows):
    """Return the rows of the tiles for so many filters: those that leave fewer unused, or else the higher ones."""
    return DENSE_ROWS if -rows % DENSE_ROWS < DIRECT_ROWS else DIRECT_ROWS


@jit
def _write(scratch, at, rows, pieces, table, to, base, out, out_at, out_plane, columns, across):
    """Copy a tile's sums to their places in the result: of ``across`` lanes, ``columns`` are a row of it."""
    for piece in range(pieces):
        r, t = divmod(table[to + piece], across)
        lane = 0
        while lane < MOVE and r * columns < out_plane:
            run, target = min(MOVE - lane, columns - t), out_at + table[base + piece] + r * columns + t
            for row in range(rows if run > 0 else 0):
                source = at + (row * pieces + piece) * MOVE + lane
                copy_run(scratch, source, out, target + row * out_plane, run)
            lane, r, t = lane + across - t, r + 1, 0


@Task
def correlate(task, slot, image, _weight, packed, out, table, numbers):
    """Compute what ``tiles.correlate`` does.

    A task is a chunk of the pieces of one image and one group, or of a few images. The table begins with source_at, the
    places of the pieces, where they begin among ``across`` lanes a row, where their images begin in the result, and the
    places of a tile's pieces in a scratch tile.
    """
    (taps, pieces, columns, groups, rows, image_step, group_step, out_image, out_plane, chunk, chunks, across,
     straight) = first_of(numbers, 13)  # fmt: skip
    tile_rows = numbers[-8]
    rest, part = divmod(task, chunks)
    n, group = divmod(rest, groups)
    row_tiles = (rows + tile_rows - 1) // tile_rows
    image_at = n * image_step + group * group_step
    packed_at = copy_of(slot, numbers) + group * row_tiles * (taps + 1) * tile_rows
    out_at = n * out_image + group * rows * out_plane
    last = min(pieces, (part + 1) * chunk)
    size, aside = tile_rows * DIRECT_PIECES * MOVE, taps + 3 * pieces
    scratch = np.empty(0 if straight else BATCH * row_tiles * size, image.dtype)
    run = (RUN if straight else BATCH) * DIRECT_PIECES
    for batch in range(part * chunk, last, run):
        batch_last, at = min(last, batch + run), 0
        for row in range(row_tiles if straight else 0):
            a_at = packed_at + row * (taps + 1) * tile_rows
            base, there = a_at + taps * tile_rows, out_at + row * tile_rows * out_plane
            for first in range(batch, batch_last, DIRECT_PIECES):
                direct_tile(tile_rows, out, there, out_plane, packed, a_at, image, image_at, table, taps + first,
                            taps + pieces + first, 0, taps, base, 0)  # fmt: skip
        if straight:
            continue
        for k in range(0, taps, DEPTH):
            depth, at = min(DEPTH, taps - k), 0
            for first in range(batch, batch_last, DIRECT_PIECES):
                for row in range(row_tiles):
                    a_at = packed_at + (row * (taps + 1) + k) * tile_rows
                    base = packed_at + (row * (taps + 1) + taps) * tile_rows
                    direct_tile(tile_rows, scratch, at, DIRECT_PIECES * MOVE, packed, a_at, image, image_at, table,
                                taps + first, aside, k, depth, base, k)  # fmt: skip
                    at += size
        at = 0
        for first in range(batch, batch_last, DIRECT_PIECES):
            for row in range(0, rows, tile_rows):
                there = out_at + row * out_plane
                _write(scratch, at, min(tile_rows, rows - row), DIRECT_PIECES, table, taps + pieces + first,
                       taps + 2 * pieces + first, out, there, out_plane, columns, across)  # fmt: skip
                at += size
