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
from .simd import DENSE_LANES, DENSE_ROWS, MOVE, dense_tile, every_fourth, every_second, four_in_turn, move
from .tasks import Task

#: Taps in a panel.
DEPTH = 256


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
    if tile_rows == 4 and row + 4 <= rows and weight_at[taps - 1] == taps - 1:  # a forward pass: taps are neighbours
        done = taps - taps % MOVE
        for k in range(0, done, MOVE):
            four_in_turn(packed, at + 4 * k, weight, first + k, row_step)
    for r in range(tile_rows):
        exists = row + r < rows
        for k in range(done, taps):
            packed[at + k * tile_rows + r] = weight[first + r * row_step + weight_at[k]] if exists else 0
        packed[at + taps * tile_rows + r] = bias[group * rows + row + r] if bias.size and exists else 0


@jit
def cut(first, last, qh, qw, columns, image_step, lanes, sources):
    """Cut pixels first .. last into pieces of at most 8 neighbours: their first lanes and places. Return how many."""
    n, q = divmod(first, qh * qw)
    r, t = divmod(q, qw)
    lane, pieces, count = 0, 0, last - first
    while lane < count:
        run = min(MOVE, qw - t, count - lane)
        lanes[pieces] = lane
        sources[pieces] = n * image_step + r * columns + t
        pieces += 1
        lane += run
        t += run
        if t == qw:
            t = 0
            r += 1
            if r == qh:
                r = 0
                n += 1
    return pieces


@jit
def _gather(image, source_at, group_at, k_first, k_last, pieces, lanes, sources, panel):
    """Fill the panel: ``panel[24 * k + lane]`` for a block of taps. A piece's excess is overwritten by the next."""
    reach = image.size - MOVE
    if pieces == 3:
        lane1, lane2 = lanes[1], lanes[2]
        source0, source1, source2 = sources[0] + group_at, sources[1] + group_at, sources[2] + group_at
        if source2 + source_at[-1] <= reach or source2 + source_at.max() <= reach:
            for k in range(k_first, k_last):
                at, there = (k - k_first) * DENSE_LANES, source_at[k]
                move(panel, at, image, source0 + there)
                move(panel, at + lane1, image, source1 + there)
                move(panel, at + lane2, image, source2 + there)
            return
    for k in range(k_first, k_last):
        at, there = (k - k_first) * DENSE_LANES, source_at[k] + group_at
        for piece in range(pieces):
            if sources[piece] + there <= reach:
                move(panel, at + lanes[piece], image, sources[piece] + there)
            else:
                for lane in range(min(MOVE, image.size - sources[piece] - there)):
                    panel[at + lanes[piece] + lane] = image[sources[piece] + there + lane]


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
def _rows(row_tiles, direct_rows, out, out_at, out_plane, scratch, packed, packed_at, taps, panel, depth, accumulate):
    """Multiply a panel with all weights: the first tiles of rows go straight to the result, the others to scratch."""
    for row in range(row_tiles):
        a_at = packed_at + row * (taps + 1) * DENSE_ROWS
        if row < direct_rows:
            to = out_at + row * DENSE_ROWS * out_plane
            dense_tile(out, to, out_plane, packed, a_at, panel, 0, depth, accumulate)
        else:
            to = row * DENSE_ROWS * DENSE_LANES
            dense_tile(scratch, to, DENSE_LANES, packed, a_at, panel, 0, depth, accumulate)


@Task
def correlate(task, image, packed, _c, out, source_at, numbers):
    """Compute ``out[n, g * rows + row, pixel] = sum over k of packed[g, row, k] * image[n, g, pixel + source_at[k]]``.

    A task is a chunk of tiles of 24 pixels, and all rows of one group.
    """
    qh, qw, images, columns, image_step, group_step = (
        numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5],
    )  # fmt: skip
    rows, has_bias, out_image, out_plane, chunk, chunks = (
        numbers[6], numbers[7], numbers[8], numbers[9], numbers[10], numbers[11],
    )  # fmt: skip
    group, part = divmod(task, chunks)
    taps = source_at.size
    row_tiles = (rows + DENSE_ROWS - 1) // DENSE_ROWS
    packed_at, group_at = group * row_tiles * (taps + 1) * DENSE_ROWS, group * group_step
    out_at = group * rows * out_plane
    blocks = (taps + DEPTH - 1) // DEPTH
    block = (taps + blocks - 1) // blocks
    panel = np.zeros((block + 1) * DENSE_LANES + MOVE, image.dtype)
    scratch = np.empty(row_tiles * DENSE_ROWS * DENSE_LANES, image.dtype)
    lanes, sources = np.empty(DENSE_LANES, np.int64), np.empty(DENSE_LANES, np.int64)
    pixels = images * qh * qw
    for first in range(part * chunk * DENSE_LANES, min(pixels, (part + 1) * chunk * DENSE_LANES), DENSE_LANES):
        last = min(pixels, first + DENSE_LANES)
        pieces = cut(first, last, qh, qw, columns, image_step, lanes, sources)
        n, q = divmod(first, qh * qw)
        direct_rows = rows // DENSE_ROWS if q + DENSE_LANES <= qh * qw else 0  # tiles of rows written straight to it
        for k_first in range(0, taps, block):
            k_last = min(taps, k_first + block)
            depth = k_last - k_first
            _gather(image, source_at, group_at, k_first, k_last, pieces, lanes, sources, panel)
            if k_last == taps and has_bias:
                panel[depth * DENSE_LANES : (depth + 1) * DENSE_LANES] = 1
                depth += 1
            a_at, to = packed_at + k_first * DENSE_ROWS, out_at + n * out_image + q
            _rows(row_tiles, direct_rows, out, to, out_plane, scratch, packed, a_at, taps, panel, depth, k_first)
        if direct_rows < row_tiles:
            steps = (out_image, out_plane)
            _scatter(scratch, direct_rows * DENSE_ROWS, rows, first, last, qh * qw, out, out_at, steps)
