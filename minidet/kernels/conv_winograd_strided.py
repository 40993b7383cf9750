"""A 3 x 3 convolution of stride 2 with 25/36 of the multiplications.

With stride 2, even pixels meet the outer taps only, odd pixels the middle one. The outer two are a filter of 2 taps
over d0, d2, d4, whose two outputs need 3 products, not 4::

    y0 = d0 g0 + d1 g1 + d2 g2 = (m0 + m1) + m2     m0 = (d0 - d2) g0     m1 = d1 g1     m2 = d2 (g0 + g2)
    y1 = d2 g0 + d3 g1 + d4 g2 = m2 + (m3 + m4)     m3 = (d4 - d2) g2     m4 = d3 g1

Along both axes, a 5 x 5 window of d gives 2 x 2 outputs for 25 products, not 36. What is in a bracket is added where
the sums over channels are kept: of 3 x 3 sums, four have 4 products per channel, four have 2, one has 1::

    for 24 windows (96 pixels)                                        on all threads
      for c: gather their d, subtract          -> 25 panels (C, 24)   level-2 cache
      for 64 filters
        for 25 places, which go to 9 sums                             a place's panel: level-1 cache
          for 4 filters
            the tile: 4 x 24 sums over c                              weights stream from the level-2 or 3 cache
        for f: add the 9 sums                  -> 2 x 2 x 24 pixels

With AVX-512 there are 32 windows. As in ``conv_windows``, padding is needed nowhere but in registers.

Reference: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, for stride 1; the same
construction (S. Winograd, 1980) for the two halves of a filter.
"""

import numpy as np

from .conv_gather import cut
from .conv_tiles import copy_of
from .conv_windows import copy_rows
from .conv_winograd import APART, ROWS, targets_of, write
from .jit import jit
from .simd import DENSE_ROWS, MOVE, STRIDED_LANES, strided_tile
from .simd_winograd_strided import (
    NO_ROW,
    PIECE,
    READ,
    strided_sums_to_pixels,
    strided_to_panels,
)
from .tasks import Task
from .workspace import empty

#: Along an axis: the sum to which each product belongs, and its weight, of which there are 4 (m1 and m4 have the same).
SUM_OF, WEIGHT_OF = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 2, 3, 1])
#: Numbers of a piece: its 5 rows' places, and the channels for which all that will be read is inside of the array.
ENTRY = 7


@jit
def _locate(pieces, number, sizes, corner, places, kept):
    """Find where the rows of the pieces of windows lie, and which of their numbers are padding.

    ``kept`` begins with zeros for a row that is padding, then the masks: ``kept[READ + 40 * piece + 8 * j + lane]``.
    """
    images, channels, height, width = sizes
    plane = height * width
    kept[:READ] = 0
    for i in range(number):
        n, top, left = pieces[i, 1], corner[0] + 4 * pieces[i, 2], corner[1] + 4 * pieces[i, 3]
        begin, end = 0, channels
        for j in range(5):
            for lane in range(PIECE):
                kept[READ + (5 * i + j) * PIECE + lane] = 0 <= left + 4 * lane + j < width
            start = (n * channels * height + top + j) * width + left
            inside = 0 <= top + j < height
            places[i * ENTRY + j] = start if inside else NO_ROW
            if inside:
                begin = max(begin, -(start // plane))
                end = min(end, (images * channels * plane - READ - start) // plane + 1)
        places[i * ENTRY + 5], places[i * ENTRY + 6] = begin, end


@jit
def _gather(x, sizes, pieces, number, corner, places, kept, panels, step):
    """Fill 25 panels with the windows' transforms: ``panels[step * place + 24 * channel + lane]``.

    A piece's excess is overwritten by the next piece; the last one's lies behind the panel's last row.
    """
    _, channels, height, width = sizes
    floats = empty(READ + 5 * PIECE + 5 * READ, x.dtype)
    ones, copy, copy_places = floats[: READ + 5 * PIECE], floats[READ + 5 * PIECE :], np.arange(5) * READ
    ones[:] = 1
    for c in range(channels):
        at = c * height * width
        for i in range(number):
            to, entry = c * STRIDED_LANES + pieces[i, 0], i * ENTRY
            if places[entry + 5] <= c < places[entry + 6]:
                strided_to_panels(panels, to, step, x, at, places, entry, kept, READ + 5 * PIECE * i)
            else:
                n, top, left = pieces[i, 1], corner[0] + 4 * pieces[i, 2], corner[1] + 4 * pieces[i, 3]
                copy_rows(x, at + n * channels * height * width, height, width, top, left, 1, copy, 5, READ)
                strided_to_panels(panels, to, step, copy, 0, copy_places, 0, ones, READ)


@Task
def correlate(task, slot, x, _weight, packed, out, _table, numbers):
    """Compute 24 windows, all filters."""
    images, channels, filters, oh, ow = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    sizes, corner = (images, channels, numbers[5], numbers[6]), (numbers[7], numbers[8])
    th, tw = (oh + 1) // 2, (ow + 1) // 2
    first, last = task * STRIDED_LANES, min(images * th * tw, (task + 1) * STRIDED_LANES)
    step = channels * STRIDED_LANES + MOVE
    panels = empty(25 * step, x.dtype)
    if last - first < STRIDED_LANES:
        panels[:] = 0  # lanes that nobody fills: numbers left over from another use may be slow to multiply
    pieces = np.empty((STRIDED_LANES, 4), np.int64)
    number = cut(first, last, th, tw, pieces, PIECE)
    places, kept = np.empty(number * ENTRY, np.int64), empty(READ + number * 5 * PIECE, x.dtype)
    _locate(pieces, number, sizes, corner, places, kept)
    _gather(x, sizes, pieces, number, corner, places, kept, panels, step)
    packed_at = copy_of(slot, numbers)
    row_tiles, tiles = (filters + DENSE_ROWS - 1) // DENSE_ROWS, ROWS // DENSE_ROWS
    sums_step = ROWS * STRIDED_LANES
    sums, pixels = empty(9 * sums_step, x.dtype), empty(4 * STRIDED_LANES, x.dtype)
    targets = np.empty((2 * STRIDED_LANES, 3), np.int64)
    runs = targets_of(first, last - first, th, tw, filters * oh * ow, (oh, ow), (1, 1), 2 * STRIDED_LANES, targets)
    for tile in range(0, row_tiles, tiles):
        for place in range(25):
            i, j = divmod(place, 5)
            weights_at = packed_at + (4 * WEIGHT_OF[i] + WEIGHT_OF[j]) * (row_tiles * channels * DENSE_ROWS + APART)
            more = j in (1, 4) or i in (1, 4)  # the sum has a product already
            for part in range(min(tiles, row_tiles - tile)):
                a_at = weights_at + (tile + part) * channels * DENSE_ROWS
                to = (3 * SUM_OF[i] + SUM_OF[j]) * sums_step + part * DENSE_ROWS * STRIDED_LANES
                strided_tile(sums, to, STRIDED_LANES, packed, a_at, panels, place * step, channels, more)
        for f in range(tile * DENSE_ROWS, min(filters, (tile + tiles) * DENSE_ROWS)):
            at = (f - tile * DENSE_ROWS) * STRIDED_LANES
            for lane in range(0, STRIDED_LANES, MOVE):
                strided_sums_to_pixels(pixels, 2 * lane, 2 * STRIDED_LANES, sums, at + lane, sums_step, packed[f])
            write(pixels, targets, runs, out, f * oh * ow, 1)
