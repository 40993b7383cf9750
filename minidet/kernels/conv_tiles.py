"""A convolution as a matrix product that finds its operands through offsets: no im2col.

::

    image      padded, split into phases: every tap k = (c, i, j) is one constant offset, source_at[k]
      for 24 pixels, in any rows and images                     on all threads
        for a block of 256 taps
          gather them into the panel    (256 taps, 24 pixels)   24 kB: level-1 cache, used F/4 times
          for 4 filters                                         their weights stream from the level-2 cache
            the tile: 4 x 24 sums       in 12 registers         4 + 3 loads for 12 fused multiply-adds a tap

The gathering costs 3 loads and 3 stores a tap, the tiles 6 F/4 cycles: 3 % for 64 filters. No product is computed
that is not needed: the pixels of a tile may lie in several rows, even in several images, cut into pieces of at most
8 neighbours. The bias is one more tap, which always sees 1.
"""

import numba
import numpy as np

from .jit import jit, parallel
from .simd import DENSE_LANES, DENSE_ROWS, MOVE, dense_tile, move

#: Taps in a panel.
DEPTH = 256


@jit
def pad_plane(x, plane, image, layout, starts):
    """Copy plane ``x[plane]`` to its padded, phase-split place in the flat ``image``."""
    phases, rows, columns, sh, sw = layout
    height, width = x.shape[1], x.shape[2]
    for phase in range(phases):
        top, left = starts[phase, 0], starts[phase, 1]
        first = min(columns, max(0, (sw - 1 - left) // sw))  # columns before it lie left of x
        last = max(first, min(columns, (width - left + sw - 1) // sw))
        for r in range(rows):
            to = ((plane * phases + phase) * rows + r) * columns
            h = sh * r + top
            if h < 0 or h >= height:
                for t in range(columns):
                    image[to + t] = 0
                continue
            for t in range(first):
                image[to + t] = 0
            if sw == 1:
                for t in range(first, last):
                    image[to + t] = x[plane, h, t + left]
            else:
                for t in range(first, last):
                    image[to + t] = x[plane, h, t * sw + left]
            for t in range(last, columns):
                image[to + t] = 0


@jit
def _pack_weights(weight, weight_at, row_step, rows, first, bias, bias_first, packed, at):
    """Pack 4 rows of weights for the tile: ``packed[at + 4 * k + r]``, then their biases."""
    taps = weight_at.size
    for r in range(DENSE_ROWS):
        if r < rows:
            for k in range(taps):
                packed[at + k * DENSE_ROWS + r] = weight[first + r * row_step + weight_at[k]]
            packed[at + taps * DENSE_ROWS + r] = bias[bias_first + r] if bias.size else 0
        else:
            for k in range(taps + 1):
                packed[at + k * DENSE_ROWS + r] = 0


@parallel
def prepare(x, image, layout, starts, weight, weight_at, weight_steps, groups, rows, bias, packed):
    """Pad the image, and pack the weights of every group: (groups, row tiles, K + 1, 4)."""
    planes = x.shape[0] if image.size else 0
    row_tiles = (rows + DENSE_ROWS - 1) // DENSE_ROWS
    for index in numba.prange(planes + groups * row_tiles):
        task = np.int64(index)
        if task < planes:
            pad_plane(x, task, image, layout, starts)
        else:
            group, tile = divmod(task - planes, row_tiles)
            row = tile * DENSE_ROWS
            _pack_weights(
                weight, weight_at, weight_steps[1], rows - row, group * weight_steps[0] + row * weight_steps[1],
                bias, group * rows + row, packed, (task - planes) * (weight_at.size + 1) * DENSE_ROWS,
            )  # fmt: skip


@jit
def _cut(first, last, qh, qw, columns, image_step, lanes, sources):
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
def _scatter(scratch, row_first, row_last, first, last, qh, qw, out, out_at, out_steps):
    """Copy a tile's sums to their places in the result."""
    image_step, row_step, out_row, out_column = out_steps
    n, q = divmod(first, qh * qw)
    r, t = divmod(q, qw)
    for lane in range(last - first):
        to = out_at + n * image_step + r * out_row + t * out_column
        for row in range(row_first, row_last):
            out[to + row * row_step] = scratch[row * DENSE_LANES + lane]
        t += 1
        if t == qw:
            t = 0
            r += 1
            if r == qh:
                r = 0
                n += 1


@jit
def _pixels(first_tile, last_tile, pixels, image, source_at, group_at, columns, image_step, grid, packed, packed_at,
            rows, has_bias, out, out_at, out_steps):  # fmt: skip
    """Compute all rows of some tiles of 24 pixels."""
    qh, qw, _, out_row, out_column = grid
    taps = source_at.size
    row_tiles = (rows + DENSE_ROWS - 1) // DENSE_ROWS
    blocks = (taps + DEPTH - 1) // DEPTH
    block = (taps + blocks - 1) // blocks
    panel = np.zeros((block + 1) * DENSE_LANES + MOVE, image.dtype)
    scratch = np.empty(row_tiles * DENSE_ROWS * DENSE_LANES, image.dtype)
    lanes, sources = np.empty(DENSE_LANES, np.int64), np.empty(DENSE_LANES, np.int64)
    for tile in range(first_tile, last_tile):
        first = tile * DENSE_LANES
        last = min(pixels, first + DENSE_LANES)
        pieces = _cut(first, last, qh, qw, columns, image_step, lanes, sources)
        n, q = divmod(first, qh * qw)
        together = out_column == 1 and out_row == qw and q + DENSE_LANES <= qh * qw
        direct_rows = rows // DENSE_ROWS if together else 0  # tiles of rows that are written straight to the result
        for k_first in range(0, taps, block):
            k_last = min(taps, k_first + block)
            depth = k_last - k_first
            _gather(image, source_at, group_at, k_first, k_last, pieces, lanes, sources, panel)
            if k_last == taps and has_bias:
                panel[depth * DENSE_LANES : (depth + 1) * DENSE_LANES] = 1
                depth += 1
            for row in range(row_tiles):
                a_at = packed_at + (row * (taps + 1) + k_first) * DENSE_ROWS
                if row < direct_rows:
                    to = out_at + n * out_steps[0] + row * DENSE_ROWS * out_steps[1] + q
                    dense_tile(out, to, out_steps[1], packed, a_at, panel, 0, depth, k_first)
                else:
                    to = row * DENSE_ROWS * DENSE_LANES
                    dense_tile(scratch, to, DENSE_LANES, packed, a_at, panel, 0, depth, k_first)
        if direct_rows < row_tiles:
            _scatter(scratch, direct_rows * DENSE_ROWS, rows, first, last, qh, qw, out, out_at, out_steps)


@parallel
def correlate(image, layout, group_step, image_step, source_at, grid, packed, rows, groups, has_bias, out, images,
              out_steps):  # fmt: skip
    """Compute ``out[n, g * rows + row, pixel] = sum over k of packed[g, row, k] * image[n, g, pixel + source_at[k]]``."""
    pixels = images * grid[0] * grid[1]
    tiles = (pixels + DENSE_LANES - 1) // DENSE_LANES
    chunk = max(1, tiles * groups // 64)
    chunks = (tiles + chunk - 1) // chunk
    row_tiles = (rows + DENSE_ROWS - 1) // DENSE_ROWS
    for task in numba.prange(groups * chunks):
        group, part = divmod(np.int64(task), chunks)
        _pixels(
            part * chunk, min(tiles, (part + 1) * chunk), pixels, image, source_at, group * group_step,
            layout[2], image_step, grid, packed, group * row_tiles * (source_at.size + 1) * DENSE_ROWS, rows,
            has_bias, out, grid[2] + group * rows * out_steps[1], out_steps,
        )  # fmt: skip
