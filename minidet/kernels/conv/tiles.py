"""A convolution as a matrix product whose one operand is gathered from the image, a little at a time: no im2col.

::

    for 48 pixels, in any rows and images                     on all threads
      for a block of 128 taps k = (c, i, j)
        gather them into two panels   (128 taps, 24 pixels)   24 kB: level-1 cache, used F/4 times
        for 4 filters                                         their weights stream from the level-2 cache
          the tile, once per panel: 4 x 24 sums               in 12 registers: 4 + 3 loads for 12 multiply-adds a tap

Large weights come from memory, slower than they are multiplied with 48 pixels: then a task gathers the panels of up to
8 x 48 pixels, which use a block's weights together, those of 64 filters after each other.

The gathering (``gather``) costs 3 loads and 3 stores a tap and panel, the tiles 6 F/4 cycles: 3 % for 64 filters.
No product is computed that is not needed: the pixels of a tile may lie in several rows, even in several images, cut
into pieces of at most 8 neighbours. The bias is one more tap, which always sees 1.
"""

import numpy as np

from ..launch.jit import inlined, jit
from ..launch.tasks import Task
from ..launch.workspace import empty
from ..simd.copies import IN_TURN, copy_every, dense_row, move, move_eight, move_four, rows_in_turn
from ..simd.tiles import DENSE_LANES, DENSE_ROWS, MOVE, dense_tile
from ..simd.vectors import first_of
from .gather import PANELS, WIDE, cut, gather, gather_interior, is_interior, locate, reach_of

#: Taps in a panel.
DEPTH = 128
#: With fewer channels than this, finding out what is padding costs more than a padded copy.
FEW_CHANNELS = 8
#: Tiles of rows for which a panel stays in the level-1 cache, before the next panel.
BLOCK = 16
#: Panels that share weights from memory, and weights of a group that come from there.
UNITS, VAST = 8, 1 << 19


@Task
def pad(plane, _slot, x, _b, _c, image, starts, numbers):
    """Copy plane ``x[plane]`` to its padded, phase-split places in ``image``: see ``plans.geometry.Image``."""
    phases, rows, columns, sh, sw, height, width = first_of(numbers, 7)
    block = plane * phases
    end = (block + phases) * rows * columns
    for phase in range(phases):
        top, left = starts[2 * phase], starts[2 * phase + 1]
        first = min(columns, max(0, (sw - 1 - left) // sw))  # columns before it lie left of x
        last = max(first, min(columns, (width - left + sw - 1) // sw))
        for r in range(rows):
            to = ((block + phase) * rows + r) * columns
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
        for t in range(0, last, MOVE):
            copy_every(image, to + t, x, source + step * t, step)
        copy_every(image, to + last, x, source + step * last, step)
    else:
        for t in range(count):
            image[to + t] = x[source + t * step]


@inlined
def copy_of(slot, numbers):
    """Return where a thread's copy of the weights begins."""
    return numbers[-2] + slot * numbers[-1]


@jit
def _pack_tile(tile, slot, weight, packed, table, numbers):
    """Pack a tile's rows, k after k, their biases last: ``packed[first + (tile * (K + 1) + k) * tile_rows + r]``."""
    rows, tile_rows, group_step, row_step = numbers[-9], numbers[-8], numbers[-7], numbers[-6]
    is_in_order, taps = numbers[-4], numbers[-3]
    weight_at = table[table.size - taps :]
    group, row = divmod(tile, (rows + tile_rows - 1) // tile_rows)
    row *= tile_rows
    at = copy_of(slot, numbers) + tile * (taps + 1) * tile_rows
    first, done = group * group_step + row * row_step, 0
    if row + tile_rows <= rows and is_in_order:  # weight_at is 0, 1, 2, ...
        done = taps - taps % IN_TURN if tile_rows > 1 else 0
        for k in range(0, done, IN_TURN):
            rows_in_turn(tile_rows, packed, at + tile_rows * k, weight, first + k, row_step)
    elif row + tile_rows <= rows and row_step == 1 and tile_rows == DENSE_ROWS:
        done = taps
        for k in range(taps):
            dense_row(packed, at + k * DENSE_ROWS, weight, first + weight_at[k])
    for k in range(done, taps):  # an input gradient's rows lie side by side, its taps far apart
        for r in range(tile_rows):
            packed[at + k * tile_rows + r] = weight[first + r * row_step + weight_at[k]] if row + r < rows else 0
    for r in range(tile_rows):
        packed[at + taps * tile_rows + r] = packed[group * rows + row + r] if row + r < rows else 0


@Task
def pack(tile, _slot, _x, weight, packed, _out, table, numbers):
    """Pack one tile's weights, for all threads.

    ``numbers`` ends with what is needed here, the last two of which are the place of the first copy and the size of a
    thread's; ``table`` ends with weight_at; and ``packed`` begins with the biases.
    """
    _pack_tile(tile, 0, weight, packed, table, numbers)


@Task
def pack_own(_index, slot, _x, weight, packed, _out, table, numbers):
    """Pack all weights for one thread, which then begins with its tasks, whose arguments these are."""
    rows, tile_rows, groups = numbers[-9], numbers[-8], numbers[-5]
    for tile in range(groups * ((rows + tile_rows - 1) // tile_rows)):
        _pack_tile(tile, slot, weight, packed, table, numbers)


@inlined
def copy_run(source, at, out, to, count):
    """Copy ``count`` neighbours, and nothing beside them: the last vector overlaps the one before it."""
    if count >= MOVE:
        for each in range(0, count - MOVE, MOVE):
            move(out, to + each, source, at + each)
        move(out, to + count - MOVE, source, at + count - MOVE)
    elif count >= 8:
        move_eight(out, to, source, at)
        move_eight(out, to + count - 8, source, at + count - 8)
    elif count >= 4:
        move_four(out, to, source, at)
        move_four(out, to + count - 4, source, at + count - 4)
    else:
        for each in range(count):
            out[to + each] = source[at + each]


@jit
def scatter(scratch, row_first, row_last, first, last, pixels, out, out_at, out_steps, grid):
    """Copy a tile's sums to their places in the result: ``grid`` says where pixels (r, t) of an image lie.

    That is (sh * r + top, sw * t + left), if there is one; it has the pixels in a row, (height, width), (sh, sw) and
    (top, left). A result without phases is one long row.
    """
    image_step, row_step = out_steps
    across, height, width, sh, sw, top, left = grid
    n, q = divmod(first, pixels)
    r, t = divmod(q, across)
    lane = 0
    while lane < last - first:
        run = min(last - first - lane, across - t)
        used = min(run, (width - left + sw - 1) // sw - t)
        there = out_at + n * image_step + (sh * r + top) * width + sw * t + left
        for row in range(row_first, row_last if used > 0 and sh * r + top < height else row_first):
            to, at = there + row * row_step, row * DENSE_LANES + lane
            if sw == 1:
                copy_run(scratch, at, out, to, used)
            else:
                for each in range(used):
                    out[to + sw * each] = scratch[at + each]
        lane += run
        t, r = 0, r + 1
        if r * across == pixels:
            n, r = n + 1, 0


@jit
def _multiply(row_tiles, wholes, targets, out, out_plane, scratch, packed, packed_at, step, panels, side, depth, more):
    """Multiply the panels with all weights. Whole tiles of rows go straight to the result, the others to scratch."""
    for first in range(0, row_tiles, BLOCK):
        for panel in range(targets.size):
            for row in range(first, min(row_tiles, first + BLOCK)):
                a_at = packed_at + row * step
                if row < wholes[panel]:
                    to = targets[panel] + row * DENSE_ROWS * out_plane
                    dense_tile(out, to, out_plane, packed, a_at, panels, panel * side, depth, more)
                else:
                    to = (panel * row_tiles + row) * DENSE_ROWS * DENSE_LANES
                    dense_tile(scratch, to, DENSE_LANES, packed, a_at, panels, panel * side, depth, more)


@jit
def _find(first, last, qh, qw, sizes, steps, offsets, reach, pieces, places, kept, found, panels):
    """Find where the pixels first .. last lie: ``found`` is their pieces, whether all are inside, what is readable."""
    if last - first < WIDE:
        panels[:] = 0  # lanes that nobody fills: numbers left over from another use may be slow to multiply
    number = cut(first, last, qh, qw, pieces)
    interior = is_interior(pieces, number, sizes, steps, reach, places)
    readable = (0, 0) if interior else locate(pieces, number, sizes, steps, offsets, places, kept)
    found[0], found[1], found[2], found[3] = number, interior, readable[0], readable[1]


@Task
def correlate(task, slot, x, _weight, packed, out, table, numbers):
    """Compute ``out[n, g * rows + row, pixel] = sum over k of packed[g, row, k] * x[n, g, tap k of the pixel]``.

    A task is a range of pixels, 48 at a time, or ``units`` times as many, and all rows of one group. The table begins
    with the taps' distances from a pixel's place (sh * r, sw * t) in x: the rows of all, then the columns.
    """
    (qh, qw, sh, sw, images, channels, group_channels, h, w, rows, has_bias, image_step, row_step, chunks,
     units) = first_of(numbers, 15)  # fmt: skip
    sizes, steps, out_steps = (images, channels, group_channels, h, w), (sh, sw), (image_step, row_step)
    grid = first_of(numbers[15:], 7)
    group, part = divmod(task, chunks)
    channels, pixels = group_channels, images * qh * qw
    taps = numbers[-3] // channels
    offsets, wide = table[: 2 * taps], units * WIDE
    row_tiles = (rows + DENSE_ROWS - 1) // DENSE_ROWS
    step = (taps * channels + 1) * DENSE_ROWS  # from the weights of 4 rows to those of the next
    packed_at = copy_of(slot, numbers) + group * row_tiles * step
    out_at = group * rows * out_steps[1]
    most = max(1, DEPTH // taps)
    blocks = (channels + most - 1) // most
    block = (channels + blocks - 1) // blocks
    side = (block * taps + 1) * DENSE_LANES + MOVE  # a row's last piece may go on behind it
    panels, scratch = empty(units * PANELS * side, x.dtype), empty(wide * row_tiles * DENSE_ROWS, x.dtype)
    pieces, kept = np.empty((units, WIDE, 4), np.int64), empty(units * taps * WIDE * MOVE, x.dtype)
    places, found = np.empty((units, taps * WIDE), np.int64), np.empty((units, 4), np.int64)
    wholes, targets = np.empty(units * PANELS, np.int64), np.empty(units * PANELS, np.int64)
    reach = reach_of(offsets, steps[1])
    tiles = (pixels + WIDE - 1) // WIDE
    begin, end = part * tiles // chunks * WIDE, min(pixels, (part + 1) * tiles // chunks * WIDE)
    for first in range(begin, end, wide):
        last = min(end, first + wide)
        used, filled = (last - first + DENSE_LANES - 1) // DENSE_LANES, (last - first + WIDE - 1) // WIDE
        for unit in range(filled):
            at = first + unit * WIDE
            _find(at, min(last, at + WIDE), qh, qw, sizes, steps, offsets, reach, pieces[unit], places[unit],
                  kept[unit * taps * WIDE * MOVE :], found[unit], panels[unit * PANELS * side :])  # fmt: skip
        for panel in range(used):
            n, q = divmod(first + panel * DENSE_LANES, qh * qw)
            targets[panel] = out_at + n * out_steps[0] + q
            wholes[panel] = rows // DENSE_ROWS if grid[3] * grid[4] == 1 and q + DENSE_LANES <= qh * qw else 0
        for c in range(0, channels, block):
            run, channel = min(block, channels - c), group * channels + c
            depth = run * taps
            for unit in range(filled):
                here, there = panels[unit * PANELS * side :], kept[unit * taps * WIDE * MOVE :]
                if found[unit, 1]:
                    gather_interior(x, sizes, steps, offsets, channel, run, places[unit], here, side)
                else:
                    gather(x, sizes, steps, offsets, channel, run, found[unit, 0], pieces[unit], places[unit], there,
                           here, side, (found[unit, 2], found[unit, 3]))  # fmt: skip
            if c + run == channels and has_bias:
                for panel in range(units * PANELS):
                    panels[panel * side + depth * DENSE_LANES : panel * side + (depth + 1) * DENSE_LANES] = 1
                depth += 1
            a_at = packed_at + c * taps * DENSE_ROWS
            _multiply(row_tiles, wholes, targets[:used], out, out_steps[1], scratch, packed, a_at, step, panels, side,
                      depth, c)  # fmt: skip
        for panel in range(used):
            if wholes[panel] < row_tiles:
                sums, at = scratch[panel * row_tiles * DENSE_ROWS * DENSE_LANES :], first + panel * DENSE_LANES
                stop = min(last, at + DENSE_LANES)
                scatter(sums, wholes[panel] * DENSE_ROWS, rows, at, stop, qh * qw, out, out_at, out_steps, grid)
