"""A 1 x 1 convolution: at every pixel, all channels are multiplied by the same matrix.

::

    for 24 neighbouring pixels of an image                        on all threads
      for the first 4 filters
        the tile reads them where they lie,                         4 x 24 sums in 12 registers
          and copies them to a panel      (C channels, 24 pixels)
      for each 4 filters more                                       their weights stay in the level-2 cache
        the tile, with the panel                                    level-1 cache, used F/4 - 1 times

It is ``tiles`` without the search for pieces, padding and taps, which takes as long as copying them. The copy costs
nothing: the first tile waits for its multiplications, not for what it stores. It pays because channels often lie a
power of two apart: few of their lines would be found in the cache again. The bias is one more channel, always 1.

The last pixels of an image have tiles of one or two vectors, which begin within the tiles before them: some pixels are
computed twice, by the same task.

Few pixels are better put together with those of other images: they are left to ``tiles``. So are more channels than a
panel has, which must be summed block by block, and weights that come from memory, which panels should share.
"""

from ..launch.jit import jit
from ..launch.tasks import Task
from ..launch.workspace import empty
from ..simd.tiles import DENSE_LANES, DENSE_ROWS, DIRECT_ROWS, MOVE, copying_tile_of, dense_tile_of
from ..simd.vectors import first_of
from .tiles import VAST, copy_of, copy_run

#: Most channels in a panel: one of 48 lanes is used often enough to come from the level-2 cache.
DEPTH = 192 if DENSE_ROWS == DIRECT_ROWS else 1024
#: Fewest filters: for less, ``direct`` needs no panel.
LEAST_ROWS = 16
#: Most lanes of the tiles, for one pixel.
WASTE = 1.1


def is_worth_it(channels, pixels, rows):
    """Tell whether the channels fit into a panel that is used, and few of the tiles' lanes are unused."""
    fits = channels <= DEPTH and channels * rows < VAST and pixels >= DENSE_LANES
    return fits and rows >= LEAST_ROWS and -(-pixels // MOVE) * MOVE <= WASTE * pixels


@jit
def _multiply(first, last, packed, at, row_step, panel, vectors, depth, out, to, step):
    """Multiply the panel with the weights of tiles first .. last."""
    for tile in range(first, last):
        there = to + tile * DENSE_ROWS * step
        dense_tile_of(vectors, out, there, step, packed, at + tile * row_step, panel, 0, depth, 0)


@Task
def correlate(task, slot, x, _weight, packed, out, _table, numbers):
    """Compute ``out[n, g * rows + row, q] = sum over c of packed[g, row, c] * x[n, g * channels + c, q]``.

    A task is a range of panels, and all rows of one group: at least as many as a tile has.
    """
    images, pixels, groups, channels, rows, has_bias, chunks = first_of(numbers, 7)
    group, part = divmod(task, chunks)
    row_tiles, row_step = (rows + DENSE_ROWS - 1) // DENSE_ROWS, (channels + 1) * DENSE_ROWS
    packed_at = copy_of(slot, numbers) + group * row_tiles * row_step
    floats = empty((channels + 1 + DENSE_ROWS) * DENSE_LANES, x.dtype)
    panel, aside = floats[: (channels + 1) * DENSE_LANES], floats[(channels + 1) * DENSE_LANES :]
    panel[channels * DENSE_LANES :] = 1
    depth, units, whole = channels + has_bias, pixels // DENSE_LANES, rows // DENSE_ROWS
    for unit in range(part * images * units // chunks, (part + 1) * images * units // chunks):
        n, number = divmod(unit, units)
        source, to = (n * groups + group) * channels * pixels, (n * groups + group) * rows * pixels
        first, last = number * DENSE_LANES, pixels if number == units - 1 else (number + 1) * DENSE_LANES
        for q in range(first, last, DENSE_LANES):
            vectors = min(3, (last - q + MOVE - 1) // MOVE)
            at = min(q, pixels - vectors * MOVE)
            copying_tile_of(vectors, out, to + at, pixels, packed, packed_at, x, source + at, pixels, panel, channels)
            _multiply(1, whole, packed, packed_at, row_step, panel, vectors, depth, out, to + at, pixels)
            if whole < row_tiles:
                tile_at = packed_at + whole * row_step
                _multiply(0, 1, packed, tile_at, row_step, panel, vectors, depth, aside, 0, DENSE_LANES)
                for row in range(whole * DENSE_ROWS, rows):
                    copied = (row - whole * DENSE_ROWS) * DENSE_LANES
                    copy_run(aside, copied, out, to + at + row * pixels, vectors * MOVE)
