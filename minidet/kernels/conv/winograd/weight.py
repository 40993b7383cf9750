"""The weight gradient of a 3 x 3 convolution with 4/9 of the multiplications: Winograd's F(3 x 3, 2 x 2).

Three taps over two gradients need 4 products, not 6, with the same d as in ``unstrided``::

    w0 = d0 g0 + d1 g1 = m0 + m1 + m2     m0 = (d0 - d2) g0    m1 = (d1 + d2) (g0 + g1) / 2
    w1 = d1 g0 + d2 g1 = m1 - m2          m3 = (d1 - d3) g1    m2 = (d2 - d1) (g0 - g1) / 2
    w2 = d2 g0 + d3 g1 = m1 + m2 - m3

Along both axes, 2 x 2 gradients and the 4 x 4 window of d that they met give 3 x 3 taps for 16 products, not 36. The
sum runs over the windows; what is subtracted and added at the end is done once::

    for 64 filters, 64 channels, and a share of the windows          on all threads; one partial sum per share
      for 32 windows
        for c: gather their d, add and subtract  -> 16 panels (C, 32 windows)               level-2 cache
        for 16 filters: turn their g, add, subtract -> 16 panels (32 windows, 16 filters)
        for 16 places
          for 16 filters
            for 6 channels
              the tile: 6 x 16 sums over the windows     6 + 2 loads for 12 fused multiply-adds a window
      for c: add and subtract the 16 sums        -> 3 x 3 taps x 16 filters
    add the shares in order

A value that is not finite reaches all nine taps of its channel and its filter, also the one or two that never meet it
at the border of an image.

Reference: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
"""

import numpy as np

from ...launch.jit import jit
from ...launch.tasks import Task
from ...launch.workspace import empty
from ...simd.tiles import CHANNELS_ROWS, INDEXED_LANES, MOVE, channels_tile
from ...simd.vectors import first_of
from ...simd.winograd import grads_to_panels, sums_to_taps
from ..gather import cut
from ..weight import transpose
from .windows import MASK, STRIDE, gather_windows, locate

#: Fewest filters for which the additions pay: they are the lanes of the tiles. And fewest windows.
LEAST, LEAST_WINDOWS = 24, 96
#: Windows in a block, channels and tiles of filters of one task.
WINDOWS, CHANNELS, TILES = 4 * MOVE, 64, 64 // INDEXED_LANES
#: Filters in a row of pixels that was turned, and numbers from its upper row to its lower one.
LANES, ROW = INDEXED_LANES, 2 * MOVE * INDEXED_LANES


@jit
def _turn(grad, at, filters, used, size, piece, run, pixels):
    """Transpose the gradients of ``run`` windows in a row: two rows of pixels, zeros where there are none."""
    oh, ow = size
    n, r, t = piece[1], piece[2], piece[3]
    for i in range(2):
        count = min(2 * run, ow - 2 * t) if 2 * r + i < oh else 0
        row = pixels[i * ROW : i * ROW + 2 * run * LANES]
        if count < 2 * run or used < LANES:
            row[:] = 0
        first = (n * oh + 2 * r + i) * ow + 2 * t
        transpose(grad, at, oh * ow, filters * oh * ow, LANES, used, first, count, row)


@Task
def share(task, _slot, grad, x, _c, partial, table, numbers):
    """Sum over a share of the windows, for some tiles of filters and some channels: as ``weight.share`` does."""
    images, filters, channels, oh, ow, shares, rows, columns, top, left = first_of(numbers, 10)
    th, tw, all_tiles = (oh + 1) // 2, (ow + 1) // 2, (filters + LANES - 1) // LANES
    windows, sizes, corner = images * th * tw, (images, channels, rows, columns), (top, left)
    parts = (channels + CHANNELS - 1) // CHANNELS
    number, chunk = divmod(task, parts * ((all_tiles + TILES - 1) // TILES))
    tile, channel = chunk // parts * TILES, chunk % parts * CHANNELS
    tiles, height = min(TILES, all_tiles - tile), min(CHANNELS, channels - channel)
    groups = (height + CHANNELS_ROWS - 1) // CHANNELS_ROWS
    image_step = height * WINDOWS + MOVE  # a piece's excess is overwritten by the next piece, or lies between panels
    grad_step, sums_step = (tiles * WINDOWS + 1) * LANES, tiles * groups * CHANNELS_ROWS * LANES
    floats = empty(16 * (image_step + grad_step + sums_step) + 2 * ROW, grad.dtype)
    seen, turned = floats[: 16 * image_step], floats[16 * image_step : 16 * (image_step + grad_step)]
    sums, pixels = floats[16 * (image_step + grad_step) :], floats[floats.size - 2 * ROW :]
    used = groups * CHANNELS_ROWS
    pieces, row_at, step_at = np.empty((WINDOWS, 4), np.int64), np.empty(16 * used, np.int64), table
    places, kept = np.empty(WINDOWS * STRIDE, np.int64), empty((2 + WINDOWS) * MASK, grad.dtype)
    for row in range(row_at.size):
        row_at[row] = row // used * image_step + min(row % used, height - 1) * WINDOWS
    blocks = (windows + WINDOWS - 1) // WINDOWS
    begin, end = number * blocks // shares * WINDOWS, min(windows, (number + 1) * blocks // shares * WINDOWS)
    for first in range(begin, end, WINDOWS):
        count = min(WINDOWS, end - first)
        number_of_pieces = cut(first, first + count, th, tw, pieces)
        locate(pieces, number_of_pieces, sizes, corner, (1, 1), places, kept)
        gather_windows(x, sizes, pieces, number_of_pieces, corner, (1, 1), places, kept, channel, height, seen, WINDOWS,
                       image_step, tw)  # fmt: skip
        for t in range(tiles):
            f = (tile + t) * LANES
            for i in range(number_of_pieces):
                lane = pieces[i, 0]
                run = (pieces[i + 1, 0] if i + 1 < number_of_pieces else count) - lane
                _turn(grad, f * oh * ow, filters, min(LANES, filters - f), (oh, ow), pieces[i], run, pixels)
                for w in range(run):
                    to = (t * WINDOWS + lane + w) * LANES
                    grads_to_panels(turned, to, grad_step, pixels, 2 * w * LANES, ROW)
        for place in range(16):
            for t in range(tiles):
                at = place * grad_step + t * WINDOWS * LANES
                for g in range(0, used, CHANNELS_ROWS):
                    to, row = place * sums_step + (t * used + g) * LANES, place * used + g
                    channels_tile(sums, to, seen, row_at, row, step_at, turned, at, count, first - begin)
    for t in range(tiles):
        for c in range(height):
            to = (((tile + t) * shares + number) * channels + channel + c) * 9 * LANES
            sums_to_taps(partial, to, sums, (t * used + c) * LANES, sums_step)
