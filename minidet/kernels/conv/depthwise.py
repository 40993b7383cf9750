"""A convolution of every channel by itself (depthwise), and its gradients: a plane at a time, in the level-1 cache.

::

    for a few rows of a plane                        on all threads
      copy what they read, padding included, to a board     rows of equal length: every tap is one distance on the board
      for 4 vectors of neighbours on the board
        sum the taps                                 1 load for each multiply-add: the board lies in the level-1 cache
      copy the rows of the result to their places

A board is one long row: where a row of the result ends, some sums mix two rows and are not copied, so that planes
narrower than a vector fill the vectors as large ones do. For stride s the board has s x s parts, one for each phase; an
input gradient's result has phases in the same way. The weight gradient has a board for the image and one for grad, with
zeros where rows of grad end, and sums along both.
"""

import numpy as np

from ..launch.jit import inlined, jit
from ..launch.tasks import Task
from ..launch.workspace import empty
from ..simd.copies import every_second_of_some, interleave, move, move_some
from ..simd.tiles import DOT_ROWS, MOVE, PLANE_VECTORS, dot_tile, plane_tile

#: Numbers on a board and in its sums to aim at, which fit in a level-1 cache; and the most of one row of a result.
ROOM, MOST = 6144, 1 << 16
#: Most planes that are copied to boards, and then computed: what was just written is slow to read.
BATCH = 8
#: Lanes of ``plane_tile``.
LANES = PLANE_VECTORS * MOVE


@inlined
def board_size(rows, columns):
    """Return the numbers of a board: it goes on after its last row, because vectors are read whole."""
    return (rows + 1) * columns + LANES + MOVE


@jit
def _keep(width, columns, phases, starts, sw, kept):
    """Write 1 where a column of a phase lies in the image, 0 where it is padding; rows of whole vectors."""
    side = kept.size // phases
    for phase in range(phases):
        left = starts[2 * phase + 1]
        for t in range(side):
            kept[phase * side + t] = t < columns and 0 <= left + sw * t < width


@inlined
def _fill(x, at, height, width, first, rows, columns, phases, starts, sh, sw, kept, is_clean, board, board_at):
    """Copy what ``rows`` rows from ``first`` on of every phase see of the plane at ``at``; the rest is 0.

    It is 0 already if the board ``is_clean``: if it was filled from the same rows of another plane.
    """
    side, part = kept.size // phases, rows * columns
    if not is_clean:
        board[board_at : board_at + board_size(phases * rows, columns)] = 0
    for phase in range(phases):
        top, left = starts[2 * phase] + sh * first, starts[2 * phase + 1]
        begin, end = max(0, (sh - 1 - top) // sh), min(rows, (height - 1 - top) // sh + 1)
        source, to = at + (top + sh * begin) * width + left, board_at + phase * part + begin * columns
        step, count = sh * width, end - begin
        if sw == 1 and source >= 0 and source + (count - 1) * step + side <= x.size:
            for _ in range(count):
                for t in range(0, side, MOVE):
                    move_some(board, to + t, x, source + t, kept, phase * side + t)
                source += step
                to += columns
        elif sw == 2 and source >= 0 and source + (count - 1) * step + 2 * side <= x.size:
            for _ in range(count):
                for t in range(0, side, MOVE):
                    every_second_of_some(board, to + t, x, source + 2 * t, kept, phase * side + t)
                source += step
                to += columns
        else:  # larger strides, and the array's first and last rows
            for _ in range(count):
                for t in range(columns):
                    board[to + t] = x[source + sw * t] if kept[phase * side + t] != 0 else 0
                source += step
                to += columns


@inlined
def _put(sums, at, columns, rows, out, to, width, end):
    """Copy rows that follow each other. Whole vectors reach over a row's end, where the next row comes later.

    What is behind ``end`` does not.
    """
    whole = (width + MOVE - 1) // MOVE * MOVE
    for _ in range(rows):
        if to + whole <= end:
            for t in range(0, width, MOVE):
                move(out, to + t, sums, at + t)
        else:
            for t in range(width):
                out[to + t] = sums[at + t]
        to += width
        at += columns


@inlined
def _put_phases(sums, at, side, begins, step, out, to, width, end):
    """Copy a row: of each column phase, ``side`` apart, every number to each ``step``-th place from its begin on."""
    done, count = 0, (width + step - 1) // step
    if step == 2 and begins.size == 2:
        while done < count and to + 2 * (done + MOVE) <= end:
            interleave(out, to + 2 * done, sums, at + done, side + at + done)
            done += MOVE
    for b in range(begins.size):
        for t in range(done, (width - begins[b] + step - 1) // step):
            out[to + begins[b] + t * step] = sums[b * side + at + t]


@Task
def correlate(task, _slot, x, weight, bias, out, table, numbers):
    """Compute some bands of planes of the result, a band being all rows between two rows q of a plane.

    The table holds the taps' distances on a board, phase of the result after phase; their places in the weight; where
    each phase's taps start; the rows and the columns where the phases begin; the starts of the board's parts in x.
    """
    planes, channels, height, width, h, w = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
    qh, band, reach, columns, phases, sh, sw = (
        numbers[6], numbers[7], numbers[8], numbers[9], numbers[10], numbers[11], numbers[12],
    )  # fmt: skip
    out_sh, out_sw, row_phases, column_phases, taps, size, tasks = (
        numbers[13], numbers[14], numbers[15], numbers[16], numbers[17], numbers[18], numbers[19],
    )  # fmt: skip
    bands, phase_at = (qh + band - 1) // band, table[2 * taps :]
    begins = phase_at[row_phases * column_phases + 1 :]
    column_begins, starts = begins[row_phases : row_phases + column_phases], begins[row_phases + column_phases :]
    results, whole = row_phases * column_phases, board_size(phases * (band + reach), columns)
    side = band * columns + LANES
    batch = max(1, min(BATCH, ROOM // (whole + results * side))) if bands == 1 else 1
    board, sums = empty(batch * whole, x.dtype), empty(batch * results * side, x.dtype)
    kept = np.empty(phases * ((columns + MOVE - 1) // MOVE * MOVE), x.dtype)
    is_dense = row_phases >= min(out_sh, h)  # no row of the result stays as it is
    _keep(width, columns, phases, starts, sw, kept)
    start, stop = task * planes * bands // tasks, (task + 1) * planes * bands // tasks
    plane, number = divmod(stop, bands)
    last = plane * h * w + min(h, out_sh * number * band) * w  # where other tasks' rows begin
    for begin in range(start, stop, batch):
        count = min(batch, stop - begin)
        for i in range(count):
            plane, number = divmod(begin + i, bands)
            _fill(x, plane * height * width, height, width, number * band, band + reach, columns, phases, starts,
                  sh, sw, kept, bands == 1 and begin > start, board, i * whole)  # fmt: skip
        for i in range(count):
            plane, number = divmod(begin + i, bands)
            channel = plane % channels
            base = bias[channel] if bias.size else x.dtype.type(0)
            for phase in range(results):
                k = phase_at[phase]
                for q in range(0, min(band, qh - number * band) * columns, LANES):
                    plane_tile(sums, (i * results + phase) * side + q, weight, channel * size, board, i * whole + q,
                               table, taps + k, k, phase_at[phase + 1] - k, base)  # fmt: skip
        for i in range(count):
            plane, number = divmod(begin + i, bands)
            out_at, first = plane * h * w, number * band
            if out_sh * out_sw == 1:
                _put(sums, i * side, columns, min(band, qh - first), out, out_at + first * w, w, last)
            else:
                for r in range(min(band, qh - first)):
                    for a in range(row_phases):
                        row = out_sh * (first + r) + begins[a]
                        if row < h:
                            end = last if is_dense else out_at + (row + 1) * w
                            at = (i * results + a * column_phases) * side + r * columns
                            _put_phases(sums, at, side, column_begins, out_sw, out, out_at + row * w, w, end)


@jit
def _sum(grad, grad_at, oh, ow, x, at, height, width, top, left, sh, sw):
    """Sum grad times what a tap meets, one by one; padding is 0, which makes nan of an infinite gradient."""
    total = grad.dtype.type(0)
    for r in range(oh):
        for t in range(ow):
            h, w = r * sh + top, t * sw + left
            is_inside = 0 <= h < height and 0 <= w < width
            total += grad[grad_at + r * ow + t] * (x[at + h * width + w] if is_inside else x.dtype.type(0))
    return total


@Task
def weight_grad(task, _slot, grad, x, _c, out, table, numbers):
    """Compute the gradient of some filters' taps; table and boards are those of the forward pass.

    Where grad's rows end its board has zeros, which add nothing to sums of finite numbers. If a sum is not finite, it
    is taken again one number at a time.
    """
    images, filters, channels, height, width, oh, ow = (
        numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6],
    )  # fmt: skip
    band, reach, columns, phases, sh, sw, taps = (
        numbers[7], numbers[8], numbers[9], numbers[10], numbers[11], numbers[12], numbers[13],
    )  # fmt: skip
    strip, tasks = numbers[14], numbers[15]
    slots, steps = (taps + DOT_ROWS - 1) // DOT_ROWS * DOT_ROWS, (band * columns + MOVE - 1) // MOVE
    tap_at = table[slots + 2 * strip * steps :]
    starts = tap_at[2 * taps :]
    whole, grads_whole = board_size(phases * (band + reach), columns), board_size(band, columns)
    board, grads = empty(strip * whole, x.dtype), empty(strip * grads_whole, x.dtype)
    side = (columns + MOVE - 1) // MOVE * MOVE
    kept, kept_grad = np.empty(phases * side, x.dtype), np.empty(side, x.dtype)
    nowhere = np.zeros(2, np.int64)
    _keep(width, columns, phases, starts, sw, kept)
    _keep(ow, columns, 1, nowhere, 1, kept_grad)
    lanes, sums = np.empty(DOT_ROWS * MOVE, x.dtype), np.empty(slots * MOVE, x.dtype)
    start, stop = task * filters // tasks, (task + 1) * filters // tasks
    bands = (oh + band - 1) // band
    for f in range(start, stop):
        channel = f // (filters // channels)
        sums[:] = 0
        for begin in range(0, images * bands, strip):
            count = min(strip, images * bands - begin)
            is_clean = bands == 1 and (f > start or begin > 0)
            for i in range(count):
                n, number = divmod(begin + i, bands)
                _fill(x, (n * channels + channel) * height * width, height, width, number * band, band + reach, columns,
                      phases, starts, sh, sw, kept, is_clean, board, i * whole)  # fmt: skip
                _fill(grad, (n * filters + f) * oh * ow, oh, ow, number * band, band, columns, 1, nowhere, 1, 1,
                      kept_grad, is_clean, grads, i * grads_whole)  # fmt: skip
            for slot in range(0, slots, DOT_ROWS):
                dot_tile(lanes, board, 0, grads, 0, table, slot, slots, slots + strip * steps, count * steps)
                for at in range(lanes.size):
                    sums[slot * MOVE + at] += lanes[at]
        for k in range(taps):
            total = x.dtype.type(0)
            for lane in range(MOVE):
                total += sums[k * MOVE + lane]
            if not abs(total) < np.inf:  # np.isfinite(a) asks whether a - a is 0, which "reassoc" takes for granted
                total = x.dtype.type(0)
                for n in range(images):
                    grad_at, x_at = (n * filters + f) * oh * ow, (n * channels + channel) * height * width
                    total += _sum(grad, grad_at, oh, ow, x, x_at, height, width, tap_at[k], tap_at[taps + k], sh, sw)
            out[f * taps + k] = total
