"""A 1 x 1 convolution: at every pixel, all channels are multiplied by the same matrix.

::

    for 48 neighbouring pixels of an image                      on all threads
      for a block of 128 channels
        copy the pixels to two panels (128 channels, 24 pixels)   24 kB: level-1 cache, used F/4 times
        for each panel
          for 4 filters                                           their weights stay in the level-2 cache
            the tile: 4 x 24 sums                                 in 12 registers

It is ``conv_tiles`` without the search for pieces, padding and taps, which takes as long as copying them. The last
pixels of an image have tiles of one or two vectors. The copy pays because channels often lie a power of two apart: few
of their lines would be found in the cache again. The bias is one more channel, which always is 1.
"""

from .conv_gather import PANELS, WIDE
from .conv_tiles import copy_of, copy_run
from .jit import jit
from .simd import DENSE_LANES, DENSE_ROWS, MOVE, dense_tile, dense_tile_of_one, dense_tile_of_two
from .simd_copy import move
from .tasks import Task
from .workspace import empty

#: Channels in a panel, and its numbers: one more channel for the bias.
DEPTH = 128
SIDE = (DEPTH + 1) * DENSE_LANES
#: Lanes of the tiles for one pixel: with more, ``conv_tiles``, whose tiles reach from image to image, is better.
WASTE = 1.1


def is_worth_it(pixels):
    """Tell whether few of the tiles' lanes are unused."""
    return -(-pixels // MOVE) * MOVE <= WASTE * pixels


@jit
def _copy(x, at, step, run, lanes, panels):
    """Fill the panels with ``run`` channels, ``step`` apart."""
    if lanes == WIDE:
        for c in range(run):
            for lane in range(0, WIDE, MOVE):
                to = lane // DENSE_LANES * SIDE + c * DENSE_LANES + lane % DENSE_LANES
                move(panels, to, x, at + c * step + lane)
    else:
        for c in range(run):
            for first in range(0, lanes, DENSE_LANES):
                to, count = first // DENSE_LANES * SIDE + c * DENSE_LANES, min(DENSE_LANES, lanes - first)
                copy_run(x, at + c * step + first, panels, to, count)


@jit
def _shape(rows, lanes):
    """Return how many vectors a panel's tiles have, and how many of the tiles fit into the result."""
    vectors = (lanes + MOVE - 1) // MOVE
    return vectors, rows // DENSE_ROWS if lanes == vectors * MOVE else 0


@jit
def _multiply(first, last, packed, at, row_step, panels, b_at, vectors, depth, more, out, to, step):
    """Multiply the panel at ``b_at`` with the weights of tiles first .. last."""
    for tile in range(first, last):
        a_at, there = at + tile * row_step, to + tile * DENSE_ROWS * step
        if vectors == 3:
            dense_tile(out, there, step, packed, a_at, panels, b_at, depth, more)
        elif vectors == 2:
            dense_tile_of_two(out, there, step, packed, a_at, panels, b_at, depth, more)
        else:
            dense_tile_of_one(out, there, step, packed, a_at, panels, b_at, depth, more)


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
    floats = empty(PANELS * (SIDE + row_tiles * DENSE_ROWS * DENSE_LANES), x.dtype)
    panels, aside = floats[: PANELS * SIDE], floats[PANELS * SIDE :]
    if pixels % MOVE:
        panels[:] = 1  # lanes that nobody fills: what is left over may be slow to multiply
    units = (pixels + WIDE - 1) // WIDE
    for unit in range(part * images * units // chunks, (part + 1) * images * units // chunks):
        n, q = divmod(unit, units)
        q *= WIDE
        last = min(WIDE, pixels - q)
        source, to = (n * groups + group) * channels * pixels + q, (n * groups + group) * rows * pixels + q
        for c in range(0, channels, DEPTH):
            depth, at = min(DEPTH, channels - c), packed_at + c * DENSE_ROWS
            _copy(x, source + c * pixels, pixels, depth, last, panels)
            if c + depth == channels and has_bias:
                for lane in range(0, last, DENSE_LANES):
                    b_at = lane // DENSE_LANES * SIDE + depth * DENSE_LANES
                    panels[b_at : b_at + DENSE_LANES] = 1
                depth += 1
            for lane in range(0, last, DENSE_LANES):
                b_at, side = lane // DENSE_LANES * SIDE, lane // DENSE_LANES * row_tiles * DENSE_ROWS * DENSE_LANES
                vectors, whole = _shape(rows, min(DENSE_LANES, last - lane))
                _multiply(0, whole, packed, at, row_step, panels, b_at, vectors, depth, c, out, to + lane, pixels)
                if whole < row_tiles:
                    _multiply(whole, row_tiles, packed, at, row_step, panels, b_at, vectors, depth, c, aside, side,
                              DENSE_LANES)  # fmt: skip
        for lane in range(0, last, DENSE_LANES):
            side, lanes = lane // DENSE_LANES * row_tiles * DENSE_ROWS * DENSE_LANES, min(DENSE_LANES, last - lane)
            for row in range(_shape(rows, lanes)[1] * DENSE_ROWS, rows):
                copy_run(aside, side + row * DENSE_LANES, out, to + lane + row * pixels, lanes)
