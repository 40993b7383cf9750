"""A 3 x 3 convolution of stride 1 with 4/9 of the multiplications: Winograd's F(2 x 2, 3 x 3).

Two outputs of a 3-tap filter need 4 products, not 6::

    y0 = d0 g0 + d1 g1 + d2 g2 = m0 + m1 + m2     m0 = (d0 - d2) g0    m1 = (d1 + d2) (g0 + g1 + g2) / 2
    y1 = d1 g0 + d2 g1 + d3 g2 = m1 - m2 - m3     m3 = (d1 - d3) g2    m2 = (d2 - d1) (g0 - g1 + g2) / 2

Along both axes, a 4 x 4 window of d gives 2 x 2 outputs for 16 products, not 36. The sums over channels are matrix
products, one for each of the 16 places of the window::

    for 24 windows (96 pixels)                                        on all threads
      for c: gather their d, add and subtract  -> 16 panels (C, 24)   level-2 cache
      for 64 filters
        for 16 places
          for 4 filters
            the tile: 4 x 24 sums over c                              weights stream from the level-2 or 3 cache
        for f: add and subtract the 16 sums    -> 2 x 2 x 24 pixels

``windows`` takes the d's from the image, where padding is needed nowhere but in registers. A value that is not
finite reaches the same pixels as in the direct sum, though infinity may arrive as NaN.

Reference: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
"""

import numpy as np

from ..launch.jit import jit
from ..launch.tasks import Task
from ..launch.workspace import empty
from ..simd.copies import move
from ..simd.tiles import DENSE_LANES, DENSE_ROWS, MOVE, dense_tile
from ..simd.winograd import sums_to_pixels, taps_to_panels
from ..simd.winograd_strided import strided_taps_to_panels
from .gather import cut
from .tiles import copy_of
from .windows import MASK, STRIDE, gather_windows, locate

#: Fewest channels and filters for which the additions pay, and fewest windows, for which weights are transformed.
LEAST, LEAST_WINDOWS = 16, 48
#: Filters whose sums are kept at once.
ROWS = 32
#: Numbers between the weights of two places: powers of two apart, they would share few places in the caches.
APART = 16


@jit
def _transform(tile, slot, weight, packed, tap_at, numbers):
    """Pack ``G g G'`` for 4 rows and all channels: ``packed[.. + place * step + (tile * C + channel) * 4 + row]``."""
    end = numbers.size
    rows, channels, row_step, channel_step = numbers[end - 6], numbers[end - 5], numbers[end - 4], numbers[end - 3]
    is_strided = numbers[end - 7]
    step = (rows + DENSE_ROWS - 1) // DENSE_ROWS * channels * DENSE_ROWS + APART
    rows_at = np.empty(DENSE_ROWS, np.int64)
    for r in range(DENSE_ROWS):
        rows_at[r] = min(tile * DENSE_ROWS + r, rows - 1) * row_step  # behind the last row: what nobody reads
    for channel in range(channels):
        to = copy_of(slot, numbers) + (tile * channels + channel) * DENSE_ROWS
        if is_strided:
            strided_taps_to_panels(packed, to, step, weight, rows_at, channel * channel_step, tap_at)
        else:
            taps_to_panels(packed, to, step, weight, rows_at, channel * channel_step, tap_at)


@Task
def transform_weights(tile, _slot, _x, weight, packed, _out, tap_at, numbers):
    """Transform one tile's weights, for all threads: see ``tiles.pack``."""
    _transform(tile, 0, weight, packed, tap_at, numbers)


@Task
def transform_all(_index, slot, _x, weight, packed, _out, tap_at, numbers):
    """Transform all weights for one thread, which then begins with its tasks."""
    for tile in range((numbers[numbers.size - 6] + DENSE_ROWS - 1) // DENSE_ROWS):
        _transform(tile, slot, weight, packed, tap_at, numbers)


@jit
def targets_of(first, count, th, tw, out_image, size, dilation, side, row_step, targets):
    """Find where the ``side`` x ``side`` pixels of windows first .. first + count belong, and return how many runs.

    ``targets`` gets, for each run of neighbours, their place in the tile's pixels, in the result's first plane, and
    their number: the result may end in the middle of a window.
    """
    (oh, ow), (dh, dw) = size, dilation
    rest, q = divmod(first, th * tw)
    r, t = divmod(q, tw)
    lane, number = 0, 0
    while lane < count:
        n, part = divmod(rest, dh * dw)
        top, left = divmod(part, dw)
        run = min(tw - t, count - lane)
        width = min(side * run, (ow - left + dw - 1) // dw - side * t)
        for i in range(side):
            row = top + (side * r + i) * dh
            if row < oh:
                targets[number, 0] = i * row_step + side * lane
                targets[number, 1] = n * out_image + row * ow + left + side * t * dw
                targets[number, 2] = width
                number += 1
        lane += run
        t, r = 0, r + 1
        if r == th:
            r, rest = 0, rest + 1
    return number


@jit
def write(pixels, targets, number, out, out_at, step):
    """Copy runs of pixels to the result, where neighbours are ``step`` apart."""
    for i in range(number):
        source, to, width = targets[i, 0], out_at + targets[i, 1], targets[i, 2]
        done = 0
        while step == 1 and done + MOVE <= width:
            move(out, to + done, pixels, source + done)
            done += MOVE
        for p in range(done, width):
            out[to + p * step] = pixels[source + p]


@Task
def correlate(task, slot, x, _weight, packed, out, _table, numbers):
    """Compute 24 windows, all filters."""
    images, channels, filters, oh, ow = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    height, width, corner, dh, dw = numbers[5], numbers[6], (numbers[7], numbers[8]), numbers[9], numbers[10]
    th, tw = ((oh + dh - 1) // dh + 1) // 2, ((ow + dw - 1) // dw + 1) // 2  # windows of a part
    windows = images * dh * dw * th * tw
    first, last = task * DENSE_LANES, min(windows, (task + 1) * DENSE_LANES)
    pieces = np.empty((DENSE_LANES, 4), np.int64)
    number = cut(first, last, th, tw, pieces)
    step = channels * DENSE_LANES + MOVE  # a piece's excess is overwritten by the next piece, or lies between panels
    panels = empty(16 * step, x.dtype)
    if last - first < DENSE_LANES:
        panels[:] = 0  # lanes that nobody fills: numbers left over from another use may be slow to multiply
    sizes, places = (images, channels, height, width), np.empty(number * STRIDE, np.int64)
    kept = empty((2 + number) * MASK, x.dtype)
    locate(pieces, number, sizes, corner, (dh, dw), places, kept)
    gather_windows(x, sizes, pieces, number, corner, (dh, dw), places, kept, 0, channels, panels, DENSE_LANES, step)
    packed_at = copy_of(slot, numbers)
    row_tiles, tiles = (filters + DENSE_ROWS - 1) // DENSE_ROWS, ROWS // DENSE_ROWS
    sums = empty(16 * ROWS * DENSE_LANES, x.dtype)
    pixels, targets = empty(4 * DENSE_LANES, x.dtype), np.empty((2 * DENSE_LANES, 3), np.int64)
    runs = targets_of(first, last - first, th, tw, filters * oh * ow, (oh, ow), (dh, dw), 2, 2 * DENSE_LANES, targets)
    for tile in range(0, row_tiles, tiles):
        for place in range(16):
            for part in range(min(tiles, row_tiles - tile)):
                a_at = packed_at + place * APART + (place * row_tiles + tile + part) * channels * DENSE_ROWS
                to = (place * ROWS + part * DENSE_ROWS) * DENSE_LANES
                dense_tile(sums, to, DENSE_LANES, packed, a_at, panels, place * step, channels, 0)
        for f in range(tile * DENSE_ROWS, min(filters, (tile + tiles) * DENSE_ROWS)):
            at = (f - tile * DENSE_ROWS) * DENSE_LANES
            for lane in range(0, DENSE_LANES, MOVE):
                sums_to_pixels(pixels, 2 * lane, 2 * DENSE_LANES, sums, at + lane, ROWS * DENSE_LANES, packed[f])
            write(pixels, targets, runs, out, f * oh * ow, dw)
