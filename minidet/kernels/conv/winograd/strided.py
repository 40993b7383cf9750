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

With AVX-512 there are 32 windows. The input gradient, with padding 1, has the same two halves: a pixel in an odd row
meets two rows of grad, in an even row one. 3 rows d of grad give 4 rows of pixels::

    x0 = d0 g1 = m0                     m0 = d0 g1    m1 = (d0 - d1) g2
    x1 = d0 g2 + d1 g0 = m1 + m2                      m2 = d1 (g0 + g2)
    x2 = d1 g1 = m3                     m3 = d1 g1
    x3 = d1 g2 + d2 g0 = m2 + m4                      m4 = (d2 - d1) g0

Here each of the 25 products has a sum of its own. As in ``windows``, padding is needed nowhere but in registers.

Reference: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, for stride 1; the same
construction (S. Winograd, 1980) for the two halves of a filter.
"""

import numpy as np

from ...launch.jit import jit
from ...launch.tasks import Task
from ...launch.workspace import empty
from ...simd.tiles import DENSE_ROWS, MOVE, STRIDED_LANES, strided_tile
from ...simd.vectors import first_of
from ...simd.winograd import INPUT_PIXELS, NO_ROW, PIECE, READ, STRIDED_PIXELS, strided_to_panels, sums_to_pixels
from ..gather import cut
from ..tiles import copy_of
from .unstrided import APART, targets_of, write
from .windows import copy_rows

#: Along an axis: the sum to which each of the 5 products belongs, and its weight, of which there are 4. For a
#: convolution, then for an input gradient.
SUM_OF = np.array([[0, 0, 1, 2, 2], [0, 1, 2, 3, 4]])
WEIGHT_OF = np.array([[0, 1, 2, 3, 1], [1, 3, 2, 1, 0]])
#: Numbers of a piece: its rows' places, and the channels for which all that will be read is inside of the array.
ENTRY = 7
#: Filters whose sums are kept at once; of an input gradient, which has more sums, half as many.
ROWS = 32


@jit
def _locate(pieces, number, sizes, corner, side, apart, places, kept):
    """Find where the rows of the pieces of windows lie, and which of their numbers are padding.

    ``kept`` begins with zeros for a row that is padding, then the masks: ``kept[READ + 40 * piece + 8 * j + lane]``.
    """
    images, channels, height, width = sizes
    plane = height * width
    kept[:READ] = 0
    for i in range(number):
        n, top, left = pieces[i, 1], corner[0] + apart * pieces[i, 2], corner[1] + apart * pieces[i, 3]
        begin, end = 0, channels
        for j in range(side):
            for lane in range(PIECE):
                kept[READ + (5 * i + j) * PIECE + lane] = 0 <= left + apart * lane + j < width
            start = (n * channels * height + top + j) * width + left
            inside = 0 <= top + j < height
            places[i * ENTRY + j] = start if inside else NO_ROW
            if inside:
                begin = max(begin, -(start // plane))
                end = min(end, (images * channels * plane - READ - start) // plane + 1)
        places[i * ENTRY + 5], places[i * ENTRY + 6] = begin, end


@jit
def _gather(x, sizes, pieces, number, corner, side, apart, places, kept, panels, step):
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
            is_inside = places[entry + 5] <= c < places[entry + 6]
            if is_inside:
                strided_to_panels(side == 3, panels, to, step, x, at, places, entry, kept, READ + 5 * PIECE * i)
            else:
                n, top, left = pieces[i, 1], corner[0] + apart * pieces[i, 2], corner[1] + apart * pieces[i, 3]
                copy_rows(x, at + n * channels * height * width, height, width, top, left, 1, copy, side, READ)
                strided_to_panels(side == 3, panels, to, step, copy, 0, copy_places, 0, ones, READ)


@Task
def correlate(task, slot, x, _weight, packed, out, _table, numbers):
    """Compute 24 windows, all filters: of a convolution, or of an input gradient, whose windows have 4 x 4 pixels."""
    images, channels, filters, oh, ow, height, width, top, begin, is_grad = first_of(numbers, 10)
    sizes, corner = (images, channels, height, width), (top, begin)
    side, apart, length, many, kind = (3, 2, 4, 5, INPUT_PIXELS) if is_grad else (5, 4, 2, 3, STRIDED_PIXELS)
    th, tw = (oh + length - 1) // length, (ow + length - 1) // length
    first, last = task * STRIDED_LANES, min(images * th * tw, (task + 1) * STRIDED_LANES)
    step = channels * STRIDED_LANES + MOVE
    panels = empty(25 * step, x.dtype)
    if last - first < STRIDED_LANES:
        panels[:] = 0  # lanes that nobody fills: numbers left over from another use may be slow to multiply
    pieces = np.empty((STRIDED_LANES, 4), np.int64)
    number = cut(first, last, th, tw, pieces, PIECE)
    places, kept = np.empty(number * ENTRY, np.int64), empty(READ + number * 5 * PIECE, x.dtype)
    _locate(pieces, number, sizes, corner, side, apart, places, kept)
    _gather(x, sizes, pieces, number, corner, side, apart, places, kept, panels, step)
    packed_at = copy_of(slot, numbers)
    row_tiles, tiles = (filters + DENSE_ROWS - 1) // DENSE_ROWS, ROWS // DENSE_ROWS // (2 if is_grad else 1)
    row_step, sums_step = length * STRIDED_LANES, tiles * DENSE_ROWS * STRIDED_LANES
    sums, pixels = empty(many * many * sums_step, x.dtype), empty(length * row_step, x.dtype)
    targets = np.empty((length * STRIDED_LANES, 3), np.int64)
    runs = targets_of(first, last - first, th, tw, filters * oh * ow, (oh, ow), (1, 1), length, row_step, targets)
    for tile in range(0, row_tiles, tiles):
        for place in range(25):
            i, j = divmod(place, 5)
            weight = 4 * WEIGHT_OF[is_grad, i] + WEIGHT_OF[is_grad, j]
            weights_at = packed_at + weight * (row_tiles * channels * DENSE_ROWS + APART)
            more = not is_grad and (j in (1, 4) or i in (1, 4))  # the sum has a product already
            for part in range(min(tiles, row_tiles - tile)):
                a_at = weights_at + (tile + part) * channels * DENSE_ROWS
                to = (many * SUM_OF[is_grad, i] + SUM_OF[is_grad, j]) * sums_step + part * DENSE_ROWS * STRIDED_LANES
                strided_tile(sums, to, STRIDED_LANES, packed, a_at, panels, place * step, channels, more)
        for f in range(tile * DENSE_ROWS, min(filters, (tile + tiles) * DENSE_ROWS)):
            at = (f - tile * DENSE_ROWS) * STRIDED_LANES
            for lane in range(0, STRIDED_LANES, MOVE):
                sums_to_pixels(kind, pixels, length * lane, row_step, sums, at + lane, sums_step, packed[f])
            write(pixels, targets, runs, out, f * oh * ow, 1)
