"""A 1 x 1 convolution: at every pixel, all channels are multiplied by the same matrix.

::

    for 24 neighbouring pixels of an image                    on all threads
      for a block of 128 channels
        copy the pixels to a panel  (128 channels, 24 pixels)   12 kB: level-1 cache, used F/4 times
        for 4 filters                                           their weights stay in the level-2 cache
          the tile: 4 x 24 sums                                 in 12 registers

It is ``conv_tiles`` without the search for pieces, padding and taps, which takes as long as copying them. The last
pixels of an image have tiles of one or two vectors. The copy pays because channels lie a power of two apart: tiles that
read the image itself would find few of its lines in the cache. The bias is one more channel, which always is 1.
"""


from .conv_tiles import copy_of, copy_run
from .jit import jit
from .simd import DENSE_LANES, DENSE_ROWS, MOVE, dense_tile, dense_tile_of_one, dense_tile_of_two
from .simd_copy import move
from .tasks import Task
from .workspace import empty

#: Channels in a panel.
DEPTH = 128
#: Lanes of the tiles for one pixel: with more, ``conv_tiles``, whose tiles reach from image to image, is better.
WASTE = 1.1


def is_worth_it(pixels):
    """Tell whether few of the tiles' lanes are unused."""
    return -(-pixels // MOVE) * MOVE <= WASTE * pixels


@jit
def _copy(x, at, step, run, lanes, panel):
    """Fill the panel with ``run`` channels, ``step`` apart."""
    if lanes == DENSE_LANES:
        for c in range(run):
            for lane in range(0, DENSE_LANES, MOVE):
                move(panel, c * DENSE_LANES + lane, x, at + c * step + lane)
    else:
        for c in range(run):
            copy_run(x, at + c * step, panel, c * DENSE_LANES, lanes)


@jit
def _multiply(first, last, packed, at, row_step, panel, vectors, depth, more, out, to, step):
    """Multiply the panel with the weights of tiles first .. last."""
    for tile in range(first, last):
        a_at, there = at + tile * row_step, to + tile * DENSE_ROWS * step
        if vectors == 3:
            dense_tile(out, there, step, packed, a_at, panel, 0, depth, more)
        elif vectors == 2:
            dense_tile_of_two(out, there, step, packed, a_at, panel, 0, depth, more)
        else:
            dense_tile_of_one(out, there, step, packed, a_at, panel, 0, depth, more)


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
    floats = empty((DEPTH + 1 + row_tiles * DENSE_ROWS) * DENSE_LANES, x.dtype)
    panel, aside = floats[: (DEPTH + 1) * DENSE_LANES], floats[(DEPTH + 1) * DENSE_LANES :]
    panel[:] = 1  # the bias's channel; and lanes that nobody fills: what is left over may be slow to multiply
    panels = (pixels + DENSE_LANES - 1) // DENSE_LANES
    for unit in range(part * images * panels // chunks, (part + 1) * images * panels // chunks):
        n, q = divmod(unit, panels)
        q *= DENSE_LANES
        lanes = min(DENSE_LANES, pixels - q)
        vectors = (lanes + MOVE - 1) // MOVE
        whole = rows // DENSE_ROWS if lanes == vectors * MOVE else 0  # tiles that fit into the result
        source, to = (n * groups + group) * channels * pixels + q, (n * groups + group) * rows * pixels + q
        for c in range(0, channels, DEPTH):
            depth, at = min(DEPTH, channels - c), packed_at + c * DENSE_ROWS
            _copy(x, source + c * pixels, pixels, depth, lanes, panel)
            if c + depth == channels and has_bias:
                if channels > DEPTH:
                    panel[depth * DENSE_LANES : (depth + 1) * DENSE_LANES] = 1
                depth += 1
            _multiply(0, whole, packed, at, row_step, panel, vectors, depth, c, out, to, pixels)
            _multiply(whole, row_tiles, packed, at, row_step, panel, vectors, depth, c, aside, 0, DENSE_LANES)
        for row in range(whole * DENSE_ROWS, rows):
            copy_run(aside, row * DENSE_LANES, out, to + row * pixels, lanes)
