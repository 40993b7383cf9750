"""A 1 x 1 convolution: at every pixel, all channels are multiplied by the same matrix.

::

    for 48 neighbouring pixels of an image                        on all threads
      copy them to two panels       (C channels, 24 pixels each)    at most 24 kB: level-1 cache, used F/4 times
      for each panel
        for 4 filters                                               their weights stay in the level-2 cache
          the tile: 4 x 24 sums                                     in 12 registers

It is ``tiles`` without the search for pieces, padding and taps, which takes as long as copying them. The last
pixels of an image have tiles of one or two vectors. The copy pays because channels often lie a power of two apart: few
of their lines would be found in the cache again. The bias is one more channel, which always is 1.

With many channels the search is nothing beside the products, and few pixels are better put together with those of other
images: both are left to ``tiles``.
"""

from ..launch.jit import jit
from ..launch.tasks import Task
from ..launch.workspace import empty
from ..simd.copies import move
from ..simd.tiles import DENSE_LANES, DENSE_ROWS, MOVE, dense_tile, dense_tile_of_one, dense_tile_of_two
from .gather import PANELS, WIDE
from .tiles import copy_of, copy_run

#: Most channels in a panel, and its numbers: one more channel for the bias.
DEPTH = 128
SIDE = (DEPTH + 1) * DENSE_LANES
#: Most lanes of the tiles, for one pixel.
WASTE = 1.1


def is_worth_it(channels, pixels):
    """Tell whether the channels fit into a panel, and few of the tiles' lanes are unused."""
    return channels <= DEPTH and pixels >= WIDE and -(-pixels // MOVE) * MOVE <= WASTE * pixels


@jit
def _copy(x, at, step, channels, lanes, panels):
    """Fill the panels with the channels, which are ``step`` apart."""
    if lanes == WIDE:
        for c in range(channels):
            for lane in range(0, WIDE, MOVE):
                to = lane // DENSE_LANES * SIDE + c * DENSE_LANES + lane % DENSE_LANES
                move(panels, to, x, at + c * step + lane)
    else:
        for c in range(channels):
            for first in range(0, lanes, DENSE_LANES):
                to, count = first // DENSE_LANES * SIDE + c * DENSE_LANES, min(DENSE_LANES, lanes - first)
                copy_run(x, at + c * step + first, panels, to, count)


@jit
def _multiply(first, last, packed, at, row_step, panels, b_at, vectors, depth, out, to, step):
    """Multiply the panel at ``b_at`` with the weights of tiles first .. last."""
    for tile in range(first, last):
        a_at, there = at + tile * row_step, to + tile * DENSE_ROWS * step
        if vectors == 3:
            dense_tile(out, there, step, packed, a_at, panels, b_at, depth, 0)
        elif vectors == 2:
            dense_tile_of_two(out, there, step, packed, a_at, panels, b_at, depth, 0)
        else:
            dense_tile_of_one(out, there, step, packed, a_at, panels, b_at, depth, 0)


@Task
def correlate(task, slot, x, _weight, packed, out, _table, numbers):
    """Compute ``out[n, g * rows + row, q] = sum over c of packed[g, row, c] * x[n, g * channels + c, q]``.

    A task is a range of panels, and all rows of one group.
    """
    images, pixels, groups, channels, rows = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    has_bias, chunks = numbers[5], numbers[6]
    group, part = divmod(task, chunks)
    row_tiles, row_step = (rows + DENSE_ROWS - 1) // DENSE_ROWS, (channels + 1) * DENSE_ROWS
    packed_at = copy_of(slot, numbers) + group * row_tiles * row_step
    floats = empty(PANELS * SIDE + row_tiles * DENSE_ROWS * DENSE_LANES, x.dtype)
    panels, aside = floats[: PANELS * SIDE], floats[PANELS * SIDE :]
    if pixels % MOVE:
        panels[:] = 1  # lanes that nobody fills: what is left over may be slow to multiply
    for lane in range(0, WIDE, DENSE_LANES):
        b_at = lane // DENSE_LANES * SIDE + channels * DENSE_LANES
        panels[b_at : b_at + DENSE_LANES] = 1
    depth, units = channels + has_bias, (pixels + WIDE - 1) // WIDE
    for unit in range(part * images * units // chunks, (part + 1) * images * units // chunks):
        n, q = divmod(unit, units)
        q *= WIDE
        last = min(WIDE, pixels - q)
        to = (n * groups + group) * rows * pixels + q
        _copy(x, (n * groups + group) * channels * pixels + q, pixels, channels, last, panels)
        for lane in range(0, last, DENSE_LANES):
            b_at, lanes = lane // DENSE_LANES * SIDE, min(DENSE_LANES, last - lane)
            vectors = (lanes + MOVE - 1) // MOVE
            whole = rows // DENSE_ROWS if lanes == vectors * MOVE else 0  # tiles that fit into the result
            _multiply(0, whole, packed, packed_at, row_step, panels, b_at, vectors, depth, out, to + lane, pixels)
            if whole < row_tiles:
                _multiply(whole, row_tiles, packed, packed_at, row_step, panels, b_at, vectors, depth, aside, 0,
                          DENSE_LANES)  # fmt: skip
                for row in range(whole * DENSE_ROWS, rows):
                    copy_run(aside, row * DENSE_LANES, out, to + lane + row * pixels, lanes)
