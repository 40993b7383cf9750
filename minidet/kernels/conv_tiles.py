"""A convolution as a matrix product that finds its operands through offsets: no im2col.

::

    image      padded, split into phases: every tap k = (c, i, j) is one constant offset, source_at[k]
      for 24 pixels, in any rows and images                     on all threads
        for a block of 256 taps
          gather them into the panel    (256 taps, 24 pixels)   24 kB: level-1 cache, used F/4 times
          for 4 filters                                         their weights stream from the level-2 cache
            the tile: 4 x 24 sums       in 12 registers         4 + 3 loads for 12 fused multiply-adds a tap

With fewer taps, several panels lie side by side in those 24 kB: the weights of 4 filters are used for all of them, and
a filter's results fill whole cache lines before they leave the cache.

The gathering costs 3 loads and 3 stores a tap, the tiles 6 F/4 cycles: 3 % for 64 filters. No product is computed
that is not needed: the pixels of a tile may lie in several rows, even in several images, cut into pieces of at most
8 neighbours. The bias is one more tap, which always sees 1.
"""

import numpy as np

from .jit import inlined, jit
from .simd import (
    DENSE_LANES,
    DENSE_ROWS,
    MOVE,
    dense_tile,
    every_fourth,
    every_second,
    every_second_of_some,
    four_in_turn,
    move,
    move_some,
)
from .tasks import Task

#: Taps in a panel.
DEPTH = 256
#: With fewer channels than this, finding out what is padding costs more than a padded copy.
FEW_CHANNELS = 8


@Task
def pad(plane, x, _b, _c, image, starts, numbers):
    """Copy plane ``x[plane]`` to its padded, phase-split places in ``image``: see ``conv_geometry.Image``."""
    phases, rows, columns, sh, sw, parts = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
    channels, height, width = numbers[6], numbers[7], numbers[8]
    n, c = divmod(plane, channels)
    for phase in range(parts * phases):
        part, inner = divmod(phase, phases)
        block = ((n * parts + part) * channels + c) * phases
        end = (block + phases) * rows * columns
        top, left = starts[2 * phase], starts[2 * phase + 1]
        first = min(columns, max(0, (sw - 1 - left) // sw))  # columns before it lie left of x
        last = max(first, min(columns, (width - left + sw - 1) // sw))
        for r in range(rows):
            to = ((block + inner) * rows + r) * columns
            h = sh * r + top
            inside = 0 <= h < height
            _zero(image, to, to + (first if inside else columns))
            if inside:
                source = (plane * height + h) * width + left
                _copy(x, source + first * sw, sw, image, to + first, last - first, end)
                _zero(image, to + last, to + columns)


@inlined
def _zero(image, first, last):
    """Write zeros; one or two by themselves, because the compiler makes a call of ``memset`` of a loop."""
    if last - first <= 2:
        if last > first:
            image[first] = 0
            image[last - 1] = 0
    else:
        for at in range(first, last):
            image[at] = 0


@inlined
def _copy(x, source, step, image, to, count, end):
    """Copy ``count`` elements that lie ``step`` apart, in vectors where their number and place allow it.

    The last vector overlaps the one before it; that of a short row has an excess, which later ones overwrite.
    """
    last = max(0, count - MOVE)
    if step in (1, 2, 4) and source + step * (last + MOVE) <= x.size and to + last + MOVE <= end and count > 0:
        if step == 1:
            for t in range(0, last, MOVE):
                move(image, to + t, x, source + t)
            move(image, to + last, x, source + last)
        elif step == 2:
            for t in range(0, last, MOVE):
                every_second(image, to + t, x, source + 2 * t)
            every_second(image, to + last, x, source + 2 * last)
        else:
            for t in range(0, last, MOVE):
                every_fourth(image, to + t, x, source + 4 * t)
            every_fourth(image, to + last, x, source + 4 * last)
    else:
        for t in range(count):
            image[to + t] = x[source + t * step]


@Task
def pack(tile, weight, bias, _c, packed, weight_at, numbers):
    """Pack the weights of a tile's rows: ``packed[(tile * (K + 1) + k) * tile_rows + r]``, their biases last."""
    rows, tile_rows, group_step, row_step = numbers[0], numbers[1], numbers[2], numbers[3]
    taps = weight_at.size
    row_tiles = (rows + tile_rows - 1) // tile_rows
    group, row = divmod(tile, row_tiles)
    row *= tile_rows
    at = tile * (taps + 1) * tile_rows
    first, done = group * group_step + row * row_step, 0
    if tile_rows == 4 and row + 4 <= rows and weight_at[min(1, taps - 1)] == 1 and weight_at[taps - 1] == taps - 1:
        done = taps - taps % MOVE
        for k in range(0, done, MOVE):
            four_in_turn(packed, at + 4 * k, weight, first + k, row_step)
    for r in range(tile_rows):
        exists = row + r < rows
        for k in range(done, taps):
            packed[at + k * tile_rows + r] = weight[first + r * row_step + weight_at[k]] if exists else 0
        packed[at + taps * tile_rows + r] = bias[group * rows + row + r] if bias.size and exists else 0


@jit
def cut(first, last, qh, qw, pieces):
    """Cut pixels first .. last of images of qh x qw into pieces of at most 8 neighbours, and return how many.

    ``pieces[i]`` is the first lane, and the first pixel's image, row and column.
    """
    n, q = divmod(first, qh * qw)
    r, t = divmod(q, qw)
    lane, number, count = 0, 0, last - first
    while lane < count:
        run = min(MOVE, qw - t, count - lane)
        pieces[number, 0], pieces[number, 1], pieces[number, 2], pieces[number, 3] = lane, n, r, t
        number += 1
        lane += run
        t += run
        if t == qw:
            t = 0
            r += 1
            if r == qh:
                r = 0
                n += 1
    return number


@jit
def _reach(table, step, reach):
    """Write the taps' least and greatest distance from a pixel's place: rows, columns of a piece's 8 lanes."""
    taps = table.size // 2
    reach[0], reach[1], reach[2], reach[3] = table[0], table[0], table[taps], table[taps]
    for tap in range(taps):
        reach[0], reach[1] = min(reach[0], table[tap]), max(reach[1], table[tap])
        reach[2], reach[3] = min(reach[2], table[taps + tap]), max(reach[3], table[taps + tap])
    reach[3] += step * (MOVE - 1) + 1


@jit
def _interior(pieces, number, sizes, steps, reach, places):
    """Find where the pieces lie in x, and tell whether no tap of theirs meets padding, or lies behind x's end."""
    images, channels, _, height, width = sizes
    if number != 3 or steps[1] > 2:
        return False
    for i in range(number):
        row, column = pieces[i, 2] * steps[0], pieces[i, 3] * steps[1]
        places[i, 0] = (pieces[i, 1] * channels * height + row) * width + column
        if row + reach[0] < 0 or row + reach[1] >= height or column + reach[2] < 0 or column + reach[3] > width:
            return False
    last = places[number - 1, 0] + ((channels - 1) * height + reach[1]) * width + reach[3] + steps[1] - 1
    return last <= images * channels * height * width


@jit
def _locate(places, pieces, number, sizes, steps, below, right, channel, run):
    """Find where the pieces' tap lies in x, and which of their 8 lanes are inside: the others are padding.

    Return whether all 8 lanes of all pieces may be read, in ``run`` channels.
    """
    images, channels, _, height, width = sizes
    readable, size = True, images * channels * height * width
    for i in range(number):
        n, row, column = pieces[i, 1], pieces[i, 2] * steps[0] + below, pieces[i, 3] * steps[1] + right
        first, last = 0, MOVE
        if column < 0 or column + (MOVE - 1) * steps[1] >= width:
            first = min(MOVE, max(0, (steps[1] - 1 - column) // steps[1]))
            last = min(MOVE, (width - column + steps[1] - 1) // steps[1])
        if row < 0 or row >= height or first >= last:
            row, column, first, last = 0, 0, 0, 0
        place = ((n * channels + channel) * height + row) * width + column
        places[i, 0], places[i, 1], places[i, 2] = place, first, last
        readable = readable and place >= 0 and place + (run - 1) * height * width + steps[1] * MOVE <= size
    return readable


@jit
def _gather_interior(x, sizes, steps, table, channel, run, pieces, places, panel):
    """Fill the panel with the taps of three pieces, none of which meets padding."""
    width, plane = sizes[4], sizes[3] * sizes[4]
    taps = table.size // 2
    source0, source1, source2 = places[0, 0], places[1, 0], places[2, 0]
    lane1, lane2 = pieces[1, 0], pieces[2, 0]
    for tap in range(taps):
        there, to = channel * plane + table[tap] * width + table[taps + tap], tap * DENSE_LANES
        for _ in range(run):
            if steps[1] == 1:
                move(panel, to, x, source0 + there)
                move(panel, to + lane1, x, source1 + there)
                move(panel, to + lane2, x, source2 + there)
            else:
                every_second(panel, to, x, source0 + there)
                every_second(panel, to + lane1, x, source1 + there)
                every_second(panel, to + lane2, x, source2 + there)
            to += taps * DENSE_LANES
            there += plane


@jit
def _gather(x, sizes, steps, table, channel, run, number, pieces, places, panel):
    """Fill the panel: ``panel[24 * k + lane]`` for the taps k = (c, i, j) of ``run`` channels.

    A piece's excess is overwritten by the next piece; the last one has none.
    """
    plane, taps = sizes[3] * sizes[4], table.size // 2
    for tap in range(taps):
        readable = _locate(places, pieces, number, sizes, steps, table[tap], table[taps + tap], channel, run)
        if readable and number == 3 and steps[1] <= 2:
            _copy_three(x, plane, steps[1], pieces, places, run, panel, tap * DENSE_LANES, taps * DENSE_LANES)
        else:
            for c in range(run):
                for i in range(number):
                    there, to = places[i, 0] + c * plane, (c * taps + tap) * DENSE_LANES
                    _copy_some(x, there, steps[1], readable, places[i, 1], places[i, 2], panel, pieces[i, 0], to)


@jit
def _copy_three(x, plane, step, pieces, places, run, panel, to, to_step):
    """Copy three pieces of which some lanes may be padding, in ``run`` channels."""
    s0, first0, last0 = places[0, 0], places[0, 1], places[0, 2]
    s1, first1, last1 = places[1, 0], places[1, 1], places[1, 2]
    s2, first2, last2 = places[2, 0], places[2, 1], places[2, 2]
    to1, to2 = to + pieces[1, 0], to + pieces[2, 0]
    if step == 1:
        for c in range(run):
            at, there = c * to_step, c * plane
            move_some(panel, at + to, x, s0 + there, first0, last0)
            move_some(panel, at + to1, x, s1 + there, first1, last1)
            move_some(panel, at + to2, x, s2 + there, first2, last2)
    else:
        for c in range(run):
            at, there = c * to_step, c * plane
            every_second_of_some(panel, at + to, x, s0 + there, first0, last0)
            every_second_of_some(panel, at + to1, x, s1 + there, first1, last1)
            every_second_of_some(panel, at + to2, x, s2 + there, first2, last2)


@inlined
def _copy_some(x, source, step, readable, first, last, panel, lane, to):
    """Copy a piece's lanes first .. last, and zeros to the others of 8, or to those that the panel has."""
    whole = readable and lane <= DENSE_LANES - MOVE
    if whole and step == 1:
        move_some(panel, to + lane, x, source, first, last)
    elif whole and step == 2:
        every_second_of_some(panel, to + lane, x, source, first, last)
    else:
        for each in range(min(MOVE, DENSE_LANES - lane)):
            panel[to + lane + each] = x[source + step * each] if first <= each < last else 0


@jit
def _scatter(scratch, row_first, row_last, first, last, pixels, out, out_at, out_steps):
    """Copy a tile's sums to their places in the result."""
    image_step, row_step = out_steps
    n, q = divmod(first, pixels)
    for lane in range(last - first):
        to = out_at + n * image_step + q
        for row in range(row_first, row_last):
            out[to + row * row_step] = scratch[row * DENSE_LANES + lane]
        q += 1
        if q == pixels:
            q = 0
            n += 1


@jit
def _rows(row_tiles, direct_rows, out, out_at, out_plane, scratch, packed, packed_at, depth_all, panel, depth, accumulate):
    """Multiply a panel with all weights: the first tiles of rows go straight to the result, the others to scratch."""
    for row in range(row_tiles):
        a_at = packed_at + row * depth_all * DENSE_ROWS
        if row < direct_rows:
            to = out_at + row * DENSE_ROWS * out_plane
            dense_tile(out, to, out_plane, packed, a_at, panel, 0, depth, accumulate)
        else:
            to = row * DENSE_ROWS * DENSE_LANES
            dense_tile(scratch, to, DENSE_LANES, packed, a_at, panel, 0, depth, accumulate)


@Task
def correlate(task, x, packed, _c, out, table, numbers):
    """Compute ``out[n, g * rows + row, pixel] = sum over k of packed[g, row, k] * x[n, g, place of the pixel's tap k]``.

    A task is a chunk of tiles of 24 pixels, and all rows of one group. The table holds the taps' distances from a
    pixel's place (sh * r, sw * t) in x: the rows of all, then the columns.
    """
    qh, qw, steps = numbers[0], numbers[1], (numbers[2], numbers[3])
    sizes = (numbers[4], numbers[5], numbers[6], numbers[7], numbers[8])
    rows, has_bias, out_image, out_plane, chunk, chunks = (
        numbers[9], numbers[10], numbers[11], numbers[12], numbers[13], numbers[14],
    )  # fmt: skip
    group, part = divmod(task, chunks)
    taps, channels, pixels = table.size // 2, sizes[2], sizes[0] * qh * qw
    depth_all = taps * channels + 1
    row_tiles = (rows + DENSE_ROWS - 1) // DENSE_ROWS
    packed_at, out_at = group * row_tiles * depth_all * DENSE_ROWS, group * rows * out_plane
    blocks = (channels + max(1, DEPTH // taps) - 1) // max(1, DEPTH // taps)
    block = (channels + blocks - 1) // blocks
    panel = np.zeros((block * taps + 1) * DENSE_LANES, x.dtype)
    scratch = np.empty(row_tiles * DENSE_ROWS * DENSE_LANES, x.dtype)
    pieces, places = np.empty((DENSE_LANES, 4), np.int64), np.empty((DENSE_LANES, 3), np.int64)
    reach = np.empty(4, np.int64)
    _reach(table, steps[1], reach)
    for first in range(part * chunk * DENSE_LANES, min(pixels, (part + 1) * chunk * DENSE_LANES), DENSE_LANES):
        last = min(pixels, first + DENSE_LANES)
        number = cut(first, last, qh, qw, pieces)
        interior = _interior(pieces, number, sizes, steps, reach, places)
        n, q = divmod(first, qh * qw)
        direct_rows = rows // DENSE_ROWS if q + DENSE_LANES <= qh * qw else 0  # tiles of rows written straight to it
        for c in range(0, channels, block):
            run, channel = min(block, channels - c), group * channels + c
            depth = run * taps
            if interior:
                _gather_interior(x, sizes, steps, table, channel, run, pieces, places, panel)
            else:
                _gather(x, sizes, steps, table, channel, run, number, pieces, places, panel)
            if c + run == channels and has_bias:
                panel[depth * DENSE_LANES : (depth + 1) * DENSE_LANES] = 1
                depth += 1
            a_at, to = packed_at + c * taps * DENSE_ROWS, out_at + n * out_image + q
            _rows(row_tiles, direct_rows, out, to, out_plane, scratch, packed, a_at, depth_all, panel, depth, c)
        if direct_rows < row_tiles:
            out_steps = (out_image, out_plane)
            _scatter(scratch, direct_rows * DENSE_ROWS, rows, first, last, qh * qw, out, out_at, out_steps)
