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
          for 128 channels                                            their part of the panel: level-1 cache
            for 4 filters
              the tile: 4 x 24 sums over c                            weights stream from the level-2 or 3 cache
        for f: add and subtract the 16 sums    -> 2 x 2 x 24 pixels

Large weights come from memory: then a task has the panels of 72 windows, which use them together. Where there are few
windows the filters are shared out, too, and the panels are filled before. A sum of sums of 128 has less error than one
long sum.

``windows`` takes the d's from the image, where padding is needed nowhere but in registers. A value that is not
finite reaches the same pixels as in the direct sum, though infinity may arrive as NaN.

Reference: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
"""

import numpy as np

from ...launch.jit import inlined, jit
from ...launch.tasks import Task
from ...launch.workspace import empty
from ...simd.tiles import DENSE_LANES, DENSE_ROWS, MOVE, dense_tile_of
from ...simd.vectors import first_of
from ...simd.winograd import PIXELS, sums_to_pixels, taps_to_panels
from ..gather import cut
from ..tiles import copy_of, copy_run
from .windows import MASK, STRIDE, gather_windows, locate

#: Fewest channels and filters for which the additions pay, and fewest windows, for which weights are transformed.
LEAST, LEAST_WINDOWS = 16, 48
#: Channels whose products are added before the sums of others: a panel of so many stays in the level-1 cache.
DEPTH = 128
#: Numbers in transformed weights from which on they come from memory, and the panels that then share them.
VAST, UNITS = 1 << 21, 3
#: Tiles of filters whose sums are kept at once, for which a panel is used; and with weights from memory.
TILES, MORE_TILES = 8, 16
#: Shares of the channels in which panels are filled that several shares of the filters need.
PARTS = 4
#: What vectors of products have to be saved, by this factor, where transformed weights are there already.
SAVED = 1.25
#: Numbers between the weights of two places: powers of two apart, they would share few places in the caches.
APART = 16


def saves(windows, pixels):
    """Tell whether 16 products for each window are fewer vectors than 9 for each pixel, by far."""
    return SAVED * 16 * -(-windows // MOVE) <= 9 * -(-pixels // MOVE)


@jit
def _transform(tile, slot, weight, packed, tap_at, numbers):
    """Pack ``G g G'`` for 4 rows and all channels: ``packed[.. + place * step + (tile * C + channel) * 4 + row]``."""
    rows, channels, row_step, channel_step = numbers[-6], numbers[-5], numbers[-4], numbers[-3]
    step = (rows + DENSE_ROWS - 1) // DENSE_ROWS * channels * DENSE_ROWS + APART
    rows_at = np.empty(DENSE_ROWS, np.int64)
    for r in range(DENSE_ROWS):
        rows_at[r] = min(tile * DENSE_ROWS + r, rows - 1) * row_step  # behind the last row: what nobody reads
    for channel in range(channels):
        to = copy_of(slot, numbers) + (tile * channels + channel) * DENSE_ROWS
        taps_to_panels(numbers[-7], packed, to, step, weight, rows_at, channel * channel_step, tap_at)


@Task
def transform_weights(tile, _slot, _x, weight, packed, _out, tap_at, numbers):
    """Transform one tile's weights, for all threads: see ``tiles.pack``."""
    _transform(tile, 0, weight, packed, tap_at, numbers)


@Task
def transform_all(_index, slot, _x, weight, packed, _out, tap_at, numbers):
    """Transform all weights for one thread, which then begins with its tasks."""
    for tile in range((numbers[-6] + DENSE_ROWS - 1) // DENSE_ROWS):
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
        if step == 1:
            copy_run(pixels, source, out, to, width)
        else:
            for p in range(width):
                out[to + p * step] = pixels[source + p]


@inlined
def panel_step(channels):
    """Return the numbers from one panel to the next: a piece's excess is overwritten by the next piece, or between."""
    return channels * DENSE_LANES + MOVE


@jit
def _windows(images, oh, ow, dilation):
    """Return the number of windows, and the rows and columns of a part of an image."""
    th, tw = ((oh + dilation[0] - 1) // dilation[0] + 1) // 2, ((ow + dilation[1] - 1) // dilation[1] + 1) // 2
    return images * dilation[0] * dilation[1] * th * tw, th, tw


@jit
def _fill(first, last, channel, count, x, numbers, panels, step):
    """Fill ``count`` channels of the windows first .. last, in 16 panels that are ``step`` apart."""
    images, channels, _, oh, ow, height, width, top, left, dh, dw = first_of(numbers, 11)
    corner, dilation, sizes = (top, left), (dh, dw), (images, channels, height, width)
    (_, th, tw), pieces = _windows(images, oh, ow, dilation), np.empty((DENSE_LANES, 4), np.int64)
    number = cut(first, last, th, tw, pieces)
    for place in range(16 if last - first < DENSE_LANES else 0):  # what was left over may be slow to multiply
        panels[place * step : place * step + count * DENSE_LANES] = 0
    places, kept = np.empty(number * STRIDE, np.int64), empty((2 + number) * MASK, x.dtype)
    locate(pieces, number, sizes, corner, dilation, places, kept)
    gather_windows(x, sizes, pieces, number, corner, dilation, places, kept, channel, count, panels, DENSE_LANES, step,
                   tw)  # fmt: skip


@Task
def fill(task, _slot, x, _b, _c, panels, _table, numbers):
    """Fill a share of the channels in the 16 panels of 24 windows, which several shares of the filters will need.

    The last channel's excess would lie in the next share: it is filled aside.
    """
    windows, _, _ = _windows(numbers[0], numbers[3], numbers[4], (numbers[9], numbers[10]))
    (unit, part), channels, step = divmod(task, PARTS), numbers[1], panel_step(numbers[1])
    first, at = unit * DENSE_LANES, unit * 16 * step
    channel, last = part * channels // PARTS, (part + 1) * channels // PARTS - 1
    end, aside, apart = min(windows, first + DENSE_LANES), empty(16 * panel_step(1), x.dtype), panel_step(1)
    _fill(first, end, channel, last - channel, x, numbers, panels[at + channel * DENSE_LANES :], step)
    _fill(first, end, last, 1, x, numbers, aside, apart)
    for place in range(16):
        copy_run(aside, place * apart, panels, at + place * step + last * DENSE_LANES, DENSE_LANES)


@jit
def _multiply(sums, to, packed, a_at, count, panels, b_at, vectors, channels):
    """Multiply one panel with the weights of ``count`` tiles of filters, some channels after the other."""
    for k in range(0, channels, DEPTH):
        depth, b_k = min(DEPTH, channels - k), b_at + k * DENSE_LANES
        for part in range(count):
            there, at = to + part * DENSE_ROWS * DENSE_LANES, a_at + (part * channels + k) * DENSE_ROWS
            dense_tile_of(vectors, sums, there, DENSE_LANES, packed, at, panels, b_k, depth, k)


@Task
def correlate(task, slot, x, _weight, packed, out, _table, numbers):
    """Compute some panels of 24 windows, and a share of the filters. ``x`` is the panels if they were filled before."""
    images, channels, filters, oh, ow, _, _, _, _, dh, dw, groups, chunks, is_filled, block = first_of(numbers, 15)
    dilation = dh, dw
    windows, th, tw = _windows(images, oh, ow, dilation)
    units, (group, chunk) = (windows + DENSE_LANES - 1) // DENSE_LANES, divmod(task, chunks)
    begin = group * units // groups
    used = (group + 1) * units // groups - begin
    step, side = panel_step(channels), 16 * panel_step(channels)
    panels = x[begin * side :] if is_filled else empty(used * side, x.dtype)
    row_tiles, packed_at = (filters + DENSE_ROWS - 1) // DENSE_ROWS, copy_of(slot, numbers)
    apart = block * DENSE_ROWS * DENSE_LANES  # sums of one place
    sums, pixels = empty(used * 16 * apart, x.dtype), empty(4 * DENSE_LANES, x.dtype)
    targets, runs = np.empty((used, 2 * DENSE_LANES, 3), np.int64), np.empty(used, np.int64)
    vectors = np.empty(used, np.int64)
    for unit in range(used):
        first = (begin + unit) * DENSE_LANES
        count = min(windows - first, DENSE_LANES)
        if not is_filled:
            _fill(first, first + count, 0, channels, x, numbers, panels[unit * side :], step)
        runs[unit] = targets_of(first, count, th, tw, filters * oh * ow, (oh, ow), dilation, 2, 2 * DENSE_LANES,
                                targets[unit])  # fmt: skip
        vectors[unit] = (count + MOVE - 1) // MOVE
    last = (chunk + 1) * row_tiles // chunks
    for tile in range(chunk * row_tiles // chunks, last, block):
        for place in range(16):
            a_at = packed_at + place * APART + (place * row_tiles + tile) * channels * DENSE_ROWS
            for unit in range(used):
                _multiply(sums, (unit * 16 + place) * apart, packed, a_at, min(block, last - tile), panels,
                          (unit * 16 + place) * step, vectors[unit], channels)  # fmt: skip
        for unit in range(used):
            here, at = targets[unit], unit * 16 * apart
            for f in range(tile * DENSE_ROWS, min(filters, (min(last, tile + block)) * DENSE_ROWS)):
                for lane in range(0, vectors[unit] * MOVE, MOVE):
                    sums_to_pixels(PIXELS, pixels, 2 * lane, 2 * DENSE_LANES, sums, at + lane, apart, packed[f])
                write(pixels, here, runs[unit], out, f * oh * ow, dilation[1])
                at += DENSE_LANES
