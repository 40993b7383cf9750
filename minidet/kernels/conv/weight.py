"""The weight gradient: a matrix product whose sum runs over the pixels.

::

    for 16 filters, and a share of the pixels                on all threads; one partial sum per share
      for a block of 256 pixels
        transpose grad into the panel  (256 pixels, 16 filters)   16 kB: level-1 cache, used K/6 times
        for 6 taps k = (c, i, j)
          the tile: 6 x 16 sums        in 12 registers            6 + 2 loads for 12 fused multiply-adds a pixel
    add the shares in order; where there is one, the task itself writes it

Each row of the tile is one tap: it walks over the padded image through the table of the pixels' places, so rows,
strides and images of any size cost nothing extra, and nothing is multiplied that is not needed. The number of shares
depends on the shapes only, so the result does not depend on the number of threads.
"""

import numpy as np

from ..launch.jit import jit
from ..launch.tasks import Task
from ..launch.workspace import empty
from ..simd.copies import FEW, TURN, lanes_in_turn, turn
from ..simd.tiles import INDEXED_LANES, INDEXED_ROWS, MOVE, NARROW_ROWS, indexed_tile
from ..simd.vectors import first_of

#: Pixels in a panel.
DEPTH = 256
#: Shares x tiles of filters to aim at: work for as many threads.
TASKS = 16
#: Taps whose sums are added, and turned from a tile's order to the weight's, together.
BLOCK = 32


@jit
def _places(first, count, oh, ow, row_step, column_step, image_step, start, places):
    """Write where pixels first .. first + count lie in the padded image."""
    n, q = divmod(first, oh * ow)
    r, t = divmod(q, ow)
    for p in range(count):
        places[p] = start + n * image_step + r * row_step + t * column_step
        t += 1
        if t == ow:
            t = 0
            r += 1
            if r == oh:
                r = 0
                n += 1


def tile_lanes(filters):
    """Return the lanes of the tiles for so many filters: the narrow ones where the wide ones would waste much."""
    vectors = -(-filters // MOVE)
    return MOVE if vectors in (1, 3) else INDEXED_LANES


@jit
def transpose(grad, at, plane, image_step, lanes, filters, first, count, panel):
    """Write ``panel[lanes * p + l] = grad[n, filter + l, q]`` for pixels first .. first + count."""
    done = 0
    while done < count:
        n, q = divmod(first + done, plane)
        run = min(count - done, plane - q)
        source, whole = at + n * image_step + q, 0
        if filters == lanes:
            whole = run - run % FEW
            for p in range(0, whole, FEW):
                lanes_in_turn(lanes, panel, (done + p) * lanes, grad, source + p, plane)
        for lane in range(filters):
            for p in range(whole, run):
                panel[(done + p) * lanes + lane] = grad[source + lane * plane + p]
        done += run


@jit
def write_turned(sums, at, lanes, used, count, out, to, out_step):
    """Write ``out[to + lane * out_step + k] = sums[at + k * lanes + lane]`` for the used lanes and ``count`` rows k."""
    wide, high = used - used % TURN, count - count % TURN
    for lane in range(0, wide, TURN):
        for k in range(0, high, TURN):
            turn(out, to + lane * out_step + k, out_step, sums, at + k * lanes + lane, lanes)
    for lane in range(used):
        for k in range(high if lane < wide else 0, count):
            out[to + lane * out_step + k] = sums[at + k * lanes + lane]


@Task
def share(task, _slot, grad, image, _c, out, row_at, numbers):
    """Sum over a share of the pixels, for a tile's filters and all taps: ``out[group, tile, share]``.

    That is (K rounded up, lanes); where there is one share, ``out`` is the result, (F, K). Tasks of one share follow
    each other: they read the same part of the image.
    """
    images, filters, oh, ow, groups, row_step, column_step, image_step, shares, lanes, taps = first_of(numbers, 11)
    pixels, group_filters = images * oh * ow, filters // groups
    tiles = (group_filters + lanes - 1) // lanes
    rest, tile = divmod(task, tiles)
    group, part = divmod(rest, shares)
    size = row_at.size * lanes
    sums = empty(size, grad.dtype) if shares == 1 else out[((group * tiles + tile) * shares + part) * size :]
    lane, rows = tile * lanes, INDEXED_ROWS if lanes == INDEXED_LANES else NARROW_ROWS
    run = (pixels + shares - 1) // shares
    first, last = part * run, min(pixels, (part + 1) * run)
    grad_at = (group * group_filters + lane) * oh * ow
    start = group * (image_step // groups)
    panel = empty(DEPTH * lanes, grad.dtype)
    used = min(lanes, group_filters - lane)
    if used < lanes:
        panel[:] = 0
    places = np.empty(DEPTH, np.int64)
    for p in range(first, last, DEPTH):
        count = min(DEPTH, last - p)
        _places(p, count, oh, ow, row_step, column_step, image_step, start, places)
        transpose(grad, grad_at, oh * ow, filters * oh * ow, lanes, used, p, count, panel)
        for k in range(0, row_at.size, rows):
            indexed_tile(lanes, sums, k * lanes, image, row_at, k, places, panel, 0, count, p - first)
    for k in range(0, taps if shares == 1 else 0, BLOCK):
        to = (group * group_filters + lane) * taps + k
        write_turned(sums, k * lanes, lanes, used, min(BLOCK, taps - k), out, to, taps)


@jit
def _add(total, part):
    for at in range(part.size):
        total[at] += part[at]


@Task
def combine(task, _slot, partial, _b, _c, out, row_at, numbers):
    """Add the shares in order, for a tile's filters and a chunk of the taps: ``out[f, k]``."""
    group_filters, taps, shares, chunk, chunks, lanes = first_of(numbers, 6)
    rest, part = divmod(task, chunks)
    group, tile = divmod(rest, (group_filters + lanes - 1) // lanes)
    size, first, last = row_at.size * lanes, tile * lanes, min(taps, (part + 1) * chunk)
    total, used = empty(BLOCK * lanes, partial.dtype), min(lanes, group_filters - first)
    for k in range(part * chunk, last, BLOCK):
        count = min(BLOCK, last - k)
        total[:] = 0
        for share in range(shares):
            at = (rest * shares + share) * size + k * lanes
            _add(total, partial[at : at + count * lanes])
        write_turned(total, 0, lanes, used, count, out, (group * group_filters + first) * taps + k, taps)


@jit
def _sum(row):
    total = 0.0  # float64: there may be any number of pixels
    for p in range(row.size):
        total += row[p]
    return total


@Task
def bias_grad(f, _slot, grad, _b, _c, out, _table, numbers):
    """Sum ``grad[:, f]`` over images and pixels."""
    images, filters, plane = first_of(numbers, 3)
    total = 0.0
    for n in range(images):
        at = (n * filters + f) * plane
        total += _sum(grad[at : at + plane])
    out[f] = total
