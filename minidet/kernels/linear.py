"""The affine map without its bias: three matrix products, which read the weight where it lies, once.

::

    linear               out[m, f] = sum over c of x[m, c] weight[f, c]
      for 72 rows f of the weight                   on all threads
        for a block of 256 columns c
          for 32 rows m of x, turned: a panel of (256 columns, 32 lanes)     32 kB: level-1 cache, used for 72 rows
            for 9 rows f: the tile, 9 x 32 sums     9 scalars of the weight, 2 vectors of the panel per 18 multiply-adds
        turn the sums, and write them

    linear, of many rows m                        a panel of all columns is more than the caches hold: no pass over it
      for some tiles of 32 rows m, and up to 1008 rows f                     on all threads
        for a block of 256 columns c
          for 32 rows m: turn them into a panel, and use it for all rows f   the weight's block stays in level 2

    linear_weight_grad   dw[f, c]  = sum over m of grad[m, f] x[m, c]
      for 64 rows f of the result                   on all threads
        for 48 columns c: a panel of (M, 48 lanes)                           from level 2, used for 64 rows
          for 8 rows f: the tile, 8 x 48 sums       straight to their place: rows are written from left to right

    linear_input_grad    dx[m, c]  = sum over f of grad[m, f] weight[f, c]
      a 1 x 1 convolution: the weight is the image, of F channels and C pixels

NumPy would hand them to a BLAS library, whose threads are not numba's: two pools that wait for work in a loop take the
cores from each other: a classifier's last layer, one row times 1280 x 1000, takes 0.15 milliseconds alone and 3.7 after
a convolution, here 0.35 both times. Below ``SMALL`` multiplications OpenBLAS wakes no threads, and there they stay.
"""

import numpy as np

from . import conv
from .conv.dispatch import plain
from .conv.tiles import copy_run
from .conv.weight import tile_lanes, transpose, write_turned
from .launch import workspace
from .launch.jit import jit
from .launch.tasks import THREADS, Task, launch
from .launch.workspace import empty
from .reference import linear as reference
from .simd.copies import dense_row
from .simd.tiles import DENSE_LANES, DENSE_ROWS, INDEXED_LANES, INDEXED_ROWS, NARROW_ROWS, dense_tile, indexed_tile
from .simd.vectors import first_of

#: Multiplications up to which NumPy's product is used.
SMALL = 1 << 18
#: Terms of a sum between one visit to memory and the next: of ``linear``, and of its weight gradient.
DEPTH, DEEP = 256, 512
#: Tiles of rows that a panel is used for before the next one, and tasks to aim at.
TALL, TASKS = (8, 8), 16
#: Tiles of rows m from which on they are shared out; how many make a share; rows f that a panel is used for.
MANY, SHARE, WIDE = 4, 8, 1008
PLAIN = ((1, 1), (0, 0), (1, 1), 1)


@Task
def turn_rows(task, _slot, x, _b, _c, panels, _table, numbers):
    """Transpose x (M, C), ``lanes`` rows at a time: ``panels[tile, c, lane] = x[tile * lanes + lane, c]``, or 0."""
    m, c, lanes, blocks = first_of(numbers, 4)
    tile, block = divmod(task, blocks)
    first, last = block * c // blocks, (block + 1) * c // blocks
    used, at = min(lanes, m - tile * lanes), (tile * c + first) * lanes
    panel = panels[at : at + (last - first) * lanes]
    if used < lanes:
        panel[:] = 0
    transpose(x, tile * lanes * c, c, 0, lanes, used, first, last - first, panel)


@Task
def multiply(task, _slot, weight, panels, _c, out, _table, numbers):
    """Compute ``out[m, f]`` for a range of rows f: see the drawing. The rows of the last tile may repeat the last f."""
    m, f, c, lanes, tasks = first_of(numbers, 5)
    rows = INDEXED_ROWS if lanes == INDEXED_LANES else NARROW_ROWS
    tiles, groups, tall = (m + lanes - 1) // lanes, (f + rows - 1) // rows, TALL[0]
    sums = empty(tiles * tall * rows * lanes, weight.dtype)
    row_at, step_at = np.empty(tall * rows, np.int64), np.arange(min(c, DEPTH))
    last = (task + 1) * groups // tasks
    for group in range(task * groups // tasks, last, tall):
        used, first = min(tall, last - group), group * rows
        for k in range(0, c, DEPTH):
            depth = min(DEPTH, c - k)
            for row in range(used * rows):
                row_at[row] = min(first + row, f - 1) * c + k
            for tile in range(tiles):
                for r in range(0, used * rows, rows):
                    to, at = (tile * tall * rows + r) * lanes, (tile * c + k) * lanes
                    indexed_tile(lanes, sums, to, weight, row_at, r, step_at, panels, at, depth, k)
        for tile in range(tiles):
            there, count = tile * lanes, min(used * rows, f - first)
            write_turned(sums, there * tall * rows, lanes, min(lanes, m - there), count, out, there * f + first, f)


@Task
def multiply_rows(task, _slot, x, weight, _c, out, _table, numbers):
    """Compute ``out[m, f]`` for a share of the tiles of rows m, and a part of the rows f: see the drawing."""
    m, f, c, shares, parts = first_of(numbers, 5)
    tiles, groups = (m + INDEXED_LANES - 1) // INDEXED_LANES, (f + INDEXED_ROWS - 1) // INDEXED_ROWS
    share, part = divmod(task, parts)
    tile, last_tile = share * tiles // shares, (share + 1) * tiles // shares
    first, high = part * groups // parts * INDEXED_ROWS, (part + 1) * groups // parts * INDEXED_ROWS
    high -= first
    sums, panel = empty((last_tile - tile) * high * INDEXED_LANES, x.dtype), empty(DEPTH * INDEXED_LANES, x.dtype)
    row_at, step_at = np.empty(high, np.int64), np.arange(min(c, DEPTH))
    for k in range(0, c, DEPTH):
        depth = min(DEPTH, c - k)
        for row in range(high):
            row_at[row] = min(first + row, f - 1) * c + k
        for t in range(tile, last_tile):
            there = t * INDEXED_LANES
            used = min(INDEXED_LANES, m - there)
            if used < INDEXED_LANES:
                panel[:] = 0
            transpose(x, there * c, c, 0, INDEXED_LANES, used, k, depth, panel)
            for r in range(0, high, INDEXED_ROWS):
                to = ((t - tile) * high + r) * INDEXED_LANES
                indexed_tile(INDEXED_LANES, sums, to, weight, row_at, r, step_at, panel, 0, depth, k)
    for t in range(tile, last_tile):
        there, at = t * INDEXED_LANES, (t - tile) * high * INDEXED_LANES
        count = min(high, f - first)
        write_turned(sums, at, INDEXED_LANES, min(INDEXED_LANES, m - there), count, out, there * f + first, f)


@Task
def pack_columns(panel, _slot, x, _b, _c, panels, _table, numbers):
    """Copy 48 columns of x (M, C): ``panels[panel, m, lane] = x[m, panel * 48 + lane]``, or 0."""
    m, c = first_of(numbers, 2)
    first, to = panel * DENSE_LANES, panel * m * DENSE_LANES
    used = min(DENSE_LANES, c - first)
    if used < DENSE_LANES:
        panels[to : to + m * DENSE_LANES] = 0
    for row in range(m):
        copy_run(x, row * c + first, panels, to + row * DENSE_LANES, used)


@jit
def _pack_filters(grad, m, f, first, count, row, used, packed, at):
    """Write ``packed[at + 8 * k + r] = grad[first + k, row + r]``, or 0, for ``count`` k."""
    for k in range(count):
        source, to = (first + k) * f + row, at + k * DENSE_ROWS
        if used == DENSE_ROWS:
            dense_row(packed, to, grad, source)
        else:
            for r in range(DENSE_ROWS):
                packed[to + r] = grad[source + r] if r < used else 0


@Task
def multiply_columns(task, _slot, grad, panels, _c, out, _table, numbers):
    """Compute ``out[f, c] = sum over m of grad[m, f] * panels[panel, m, lane]`` for a range of rows f."""
    m, f, c, tasks = first_of(numbers, 4)
    tiles, tall = (f + DENSE_ROWS - 1) // DENSE_ROWS, TALL[1]
    deep = min(m, DEEP)
    packed, step = empty((tall * deep + DENSE_LANES) * DENSE_ROWS, grad.dtype), deep * DENSE_ROWS
    scratch = packed[tall * step :]
    last = (task + 1) * tiles // tasks
    for first in range(task * tiles // tasks, last, tall):
        used = min(tall, last - first)
        for k in range(0, m, DEEP):
            depth = min(DEEP, m - k)
            for t in range(used):
                row = (first + t) * DENSE_ROWS
                _pack_filters(grad, m, f, k, depth, row, min(DENSE_ROWS, f - row), packed, t * step)
            for column in range(0, c, DENSE_LANES):
                at, wide = column * m + k * DENSE_LANES, min(DENSE_LANES, c - column)
                for t in range(used):
                    row = (first + t) * DENSE_ROWS
                    high, to = min(DENSE_ROWS, f - row), row * c + column
                    if high == DENSE_ROWS and wide == DENSE_LANES:
                        dense_tile(out, to, c, packed, t * step, panels, at, depth, k)
                    else:
                        _multiply_some(out, to, c, high, wide, packed, t * step, panels, at, depth, k, scratch)


@jit
def _multiply_some(out, to, c, high, wide, packed, packed_at, panels, at, depth, accumulate, scratch):
    """Do what ``dense_tile`` does, for a tile of which only ``high`` rows and ``wide`` lanes exist."""
    if accumulate:
        for row in range(high):
            copy_run(out, to + row * c, scratch, row * DENSE_LANES, wide)
    dense_tile(scratch, 0, DENSE_LANES, packed, packed_at, panels, at, depth, accumulate)
    for row in range(high):
        copy_run(scratch, row * DENSE_LANES, out, to + row * c, wide)


def _stays(m, f, c):
    """Tell whether a product is left to NumPy."""
    return m * f * c <= SMALL


def _shares(tiles, size):
    """Return into how many shares to cut tiles: of about ``size``, and equally many for each thread."""
    return min(tiles, -(-tiles // (size * THREADS)) * THREADS)


def linear(x, weight):
    """Return ``out[m, f] = sum over c of x[m, c] * weight[f, c]``: (M, F)."""
    (m, c), f = x.shape, weight.shape[0]
    if _stays(m, f, c):
        return reference.linear(x, weight)
    x, weight = plain(x, weight)
    lanes, out = tile_lanes(m), np.empty((m, f), x.dtype)
    tiles, blocks = -(-m // lanes), -(-c // DEPTH)
    if tiles >= MANY and lanes == INDEXED_LANES:
        shares, parts = _shares(tiles, SHARE), -(-f // WIDE)
        launch(multiply_rows, shares * parts, x, weight, None, out, None, (m, f, c, shares, parts))
        return out
    panels = workspace.take("panels", tiles * lanes * c, x.dtype)
    launch(turn_rows, tiles * blocks, x, None, None, panels, None, (m, c, lanes, blocks), x.size)
    rows = INDEXED_ROWS if lanes == INDEXED_LANES else NARROW_ROWS
    tasks = min(TASKS, -(-f // rows))
    launch(multiply, tasks, weight, panels, None, out, None, (m, f, c, lanes, tasks))
    return out


def linear_input_grad(grad, weight):
    """Return the gradient for x (M, C), given the gradient (M, F) for the result."""
    (m, f), c = grad.shape, weight.shape[1]
    if _stays(m, f, c):
        return reference.linear_input_grad(grad, weight)
    return conv.conv2d(weight.reshape(1, f, 1, c), grad.reshape(m, f, 1, 1), None, *PLAIN).reshape(m, c)


def linear_weight_grad(grad, x):
    """Return the gradient for weight (F, C), given the gradient (M, F) for the result."""
    (m, f), c = grad.shape, x.shape[1]
    if _stays(m, f, c):
        return reference.linear_weight_grad(grad, x)
    grad, x = plain(grad, x)
    out = np.empty((f, c), x.dtype)
    count = -(-c // DENSE_LANES)
    panels = workspace.take("panels", count * DENSE_LANES * m, x.dtype)
    launch(pack_columns, count, x, None, None, panels, None, (m, c), x.size)
    tasks = _shares(-(-f // DENSE_ROWS), TALL[1])  # each reads all panels: not more of them than there is use for
    launch(multiply_columns, tasks, grad, panels, None, out, None, (m, f, c, tasks))
    return out


__all__ = ["linear", "linear_input_grad", "linear_weight_grad"]
