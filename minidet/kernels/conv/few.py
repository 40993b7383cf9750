"""A convolution with few pixels and many weights: the weights are read where they lie, once, and never packed.

::

    gather all taps of all pixels into panels    (K taps, 24 pixels) each       on all threads
    for a share of the filters                                                  on all threads
      for a block of 128 taps
        for each panel
          for 4 filters
            the tile: 4 x 24 sums                their weights lie K apart, each filter's in a row

The weight gradient turns the panels: a row is then a pixel's taps, and a filter's sums lie side by side in the result.

An input gradient with a stride has phases, whose pixels meet some of the taps. With a large dilation, a convolution has
regions, in which some taps only meet padding: these are left out. All phases or regions use a block of weights
together.

Packing pays where packed weights are used for many pixels. In a network's last layers it is the other way round: 512
filters of 512 x 3 x 3 are 9 MB, and meet 49 pixels of an image. So all images' pixels are one long row, the panels are
made once, and threads share out the filters.
"""

import numpy as np

from ..launch.tasks import Task
from ..launch.workspace import empty
from ..simd.tiles import DENSE_LANES, DENSE_ROWS, MOVE, own_tile_of
from ..simd.vectors import first_of
from .gather import PANELS, WIDE, cut, gather, locate
from .tiles import copy_run, scatter
from .weight import write_turned

#: Most pixels, and least weights; or so many weights for each pixel.
PIXELS, WEIGHTS, EACH = 256, 1 << 16, 2048
#: Most pixels of so many weights that they come from memory, however they are packed; and those.
MORE_PIXELS, VAST = 1024, 1 << 22
#: Least taps of a filter: the sums of fewer are done sooner than they are copied to their places.
TAPS = 128
#: Weights from which on transforming them takes long, and the windows for which Winograd's savings are worth it.
HEAVY, LEAST_WINDOWS = 1 << 21, 32
#: Taps in a block, and numbers of a phase in the table.
DEPTH, ENTRY = 256, 11


def is_worth_it(pixels, weights):
    """Tell whether each weight is used too rarely to be packed."""
    is_small = pixels <= PIXELS and (weights >= WEIGHTS or weights >= EACH * pixels)
    return is_small or (pixels <= MORE_PIXELS and weights >= VAST)


@Task
def fill(task, _slot, x, _b, _c, panels, table, numbers):
    """Gather the taps of some channels for the pixels of one panel, or two: ``panels[panel, k, lane]``."""
    qh, qw, sh, sw, images, channels, height, width, taps, chunks = first_of(numbers, 10)
    sizes, steps = (images, channels, channels, height, width), (sh, sw)
    unit, part = divmod(task, chunks)
    offsets = table[: 2 * taps]
    pieces, places = np.empty((WIDE, 4), np.int64), np.empty(taps * WIDE, np.int64)
    kept = np.empty(taps * WIDE * MOVE, x.dtype)
    first, channel = unit * WIDE, part * channels // chunks
    number = cut(first, min(sizes[0] * qh * qw, first + WIDE), qh, qw, pieces)
    readable = locate(pieces, number, sizes, steps, offsets, places, kept)
    side, last = channels * taps * DENSE_LANES, (part + 1) * channels // chunks
    at, row = unit * PANELS * side, taps * DENSE_LANES
    readable = readable[0], min(readable[1], last - 1)  # what follows the last row belongs to others
    here = panels[at + channel * row :]
    gather(x, sizes, steps, offsets, channel, last - channel, number, pieces, places, kept, here, side, readable)


@Task
def correlate(task, _slot, panels, weight, bias, out, table, numbers):
    """Compute a share of the filters for all pixels, of all phases: they use a block of the weights together.

    The table has ``ENTRY`` numbers for each phase: an image's pixels, a channel's taps, where the phase's panels begin,
    where in the table it says where a filter's weights lie, and the ``grid`` of ``tiles.scatter``.
    """
    images, channels, rows, row_step, tasks, phases, units, block = first_of(numbers, 8)
    tiles = (rows + DENSE_ROWS - 1) // DENSE_ROWS
    first, last = task * tiles // tasks * DENSE_ROWS, min(rows, (task + 1) * tiles // tasks * DENSE_ROWS)
    whole = (last - first + DENSE_ROWS - 1) // DENSE_ROWS * DENSE_ROWS
    row_at, side = np.empty(whole, np.int64), whole * DENSE_LANES
    sums = empty(units * side, panels.dtype)
    for row in range(whole):
        row_at[row] = min(first + row, rows - 1) * row_step  # rows that there are not repeat the last one
    for c in range(0, channels, block):
        at = 0
        for phase in range(phases):
            pixels, taps, panels_at, taps_at = first_of(table[phase * ENTRY :], 4)
            depth, weight_at = min(block, channels - c) * taps, table[taps_at + c * taps :]
            for p in range(0, images * pixels, DENSE_LANES):
                vectors = (min(DENSE_LANES, images * pixels - p) + MOVE - 1) // MOVE
                b_at = panels_at + (p * channels + c * DENSE_LANES) * taps
                for row in range(0, whole, DENSE_ROWS):
                    to = at + row * DENSE_LANES
                    own_tile_of(vectors, sums, to, weight, row_at, row, weight_at, panels, b_at, depth, c)
                at += side
    at = 0
    for phase in range(phases):
        entry = first_of(table[phase * ENTRY :], ENTRY)
        pixels, grid = entry[0], entry[4:]
        steps = rows * grid[1] * grid[2], grid[1] * grid[2]
        for p in range(0, images * pixels, DENSE_LANES):
            stop = min(images * pixels, p + DENSE_LANES)
            for row in range(first, last if bias.size else first):
                to = at + (row - first) * DENSE_LANES
                sums[to : to + DENSE_LANES] += bias[row]
            scatter(sums[at:], 0, last - first, p, stop, pixels, out, first * steps[1], steps, grid)
            at += side


@Task
def weight_grad(task, _slot, panels, grad, _c, out, table, numbers):
    """Compute a weight gradient for the taps of some lanes and a share of the filters: ``out[f, k]``.

    The sum runs over the pixels: the panels are turned, so that a row holds the taps of one pixel, and ``table`` tells
    where the pixels lie in grad.
    """
    filters, plane, taps, tasks = first_of(numbers, 4)
    chunk, part = divmod(task, tasks)
    pixels, first = table.size, chunk * DENSE_LANES
    used = min(DENSE_LANES, taps - first)
    turned, sums = empty(pixels * DENSE_LANES, grad.dtype), empty(DENSE_ROWS * DENSE_LANES, grad.dtype)
    row_at, vectors = np.empty(DENSE_ROWS, np.int64), (used + MOVE - 1) // MOVE
    if used < DENSE_LANES:
        turned[:] = 0
    for unit in range((pixels + DENSE_LANES - 1) // DENSE_LANES):
        count, at = min(DENSE_LANES, pixels - unit * DENSE_LANES), (unit * taps + first) * DENSE_LANES
        write_turned(panels, at, DENSE_LANES, count, used, turned, unit * DENSE_LANES * DENSE_LANES, DENSE_LANES)
    tiles = (filters + DENSE_ROWS - 1) // DENSE_ROWS
    for f in range(part * tiles // tasks * DENSE_ROWS, (part + 1) * tiles // tasks * DENSE_ROWS, DENSE_ROWS):
        for row in range(DENSE_ROWS):
            row_at[row] = min(f + row, filters - 1) * plane
        own_tile_of(vectors, sums, 0, grad, row_at, 0, table, turned, 0, pixels, 0)
        for row in range(min(DENSE_ROWS, filters - f)):
            copy_run(sums, row * DENSE_LANES, out, (f + row) * taps + first, used)
