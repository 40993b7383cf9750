"""A convolution of every channel by itself (depthwise), and its gradients: rows of pixels where they lie in the image.

::

    for a plane                                                  on all threads
      for 4 rows of the result
        for a piece of 8 neighbours                              the last one of a row ends where the row ends
          for a tap
            load the 4 pieces that it meets, multiply, add       lanes that are padding become 0 in the register

A row of one piece is written whole: its excess is overwritten by the next row. Where rows are shorter than a piece, and
as long as the image's, a plane is one long row, and its pieces take the place of rows. Pieces are read whole, too, and
of the first and the last planes beyond the array: these are copied. With stride 2 a piece is every second number of one
twice as long; an input gradient's result has phases, whose sums are shuffled together. Other strides are left to
``direct``. The weight gradient keeps the sums of 9 taps in registers, along all pieces of a plane.

With AVX-512 a piece is 16 neighbours, or 8 where rows are short.
"""

import numpy as np

from ..launch.jit import inlined, jit
from ..launch.tasks import Task
from ..launch.workspace import empty
from ..simd.copies import interleave
from ..simd.rows import ONE, ROWS, TAPS, rows_tile, taps_tile
from ..simd.vectors import MOVE, first_of
from .tiles import copy_run

#: Numbers of a group in the table.
ENTRY = 2 + ROWS


@jit
def _copied(x, at, size, before, behind):
    """Copy a plane, with room for what is read before it and behind it."""
    copy = empty(before + size + behind, x.dtype)
    copy[:before], copy[before + size :] = 0, 0
    for i in range(size):
        copy[before + i] = x[at + i]
    return copy


@jit
def _reaches_out(x, at, size, before, behind):
    """Tell whether what is read of a plane lies beyond the array."""
    return at < before or at + size + behind > x.size


@inlined
def _put_phases(sums, at, side, begins, step, count, out, to, width, end):
    """Copy a row: of each column phase, ``side`` apart, every number to each ``step``-th place from its begin on.

    Whole vectors reach over a row's end, where the next row comes later. What is behind ``end`` does not.
    """
    done = 0
    if step == 2 and begins.size == 2:
        while done < count and to + 2 * (done + MOVE) <= end:
            interleave(out, to + 2 * done, sums, at + done, side + at + done)
            done += MOVE
    for b in range(begins.size if done < count else 0):
        for t in range(done, (width - begins[b] + step - 1) // step):
            out[to + begins[b] + t * step] = sums[b * side + at + t]


@Task
def correlate(task, _slot, x, weight, bias, out, table, numbers):
    """Compute some groups of rows: those of all phases for q .. q + 4, or for one q.

    The table holds the taps' distances in the image, phase of the result after phase; their places in the weight; where
    each phase's taps start; the rows and the columns where the phases begin; the groups, of which each has its first q,
    its kind, and where the masks of its rows begin; the pieces' first columns; the masks. A row may be a piece of the
    whole plane.
    """
    (planes, channels, size, x_step, step, h, w, out_step, out_sh, out_sw, row_phases, column_phases, taps, groups,
     pieces, lanes, before, behind, weight_step, tasks, masks_at) = first_of(numbers, 21)  # fmt: skip
    results, phase_at = row_phases * column_phases, table[2 * taps :]
    begins = phase_at[results + 1 :]
    column_begins, starts = begins[row_phases : row_phases + column_phases], table[masks_at - pieces :]
    group_at = masks_at - pieces - ENTRY * groups
    is_phased, is_dense = out_sh * out_sw > 1, row_phases >= min(out_sh, h)  # no row of the result stays as it is
    side, count = starts[pieces - 1] + lanes + MOVE, (w + out_sw - 1) // out_sw
    sums, here, x_at = empty(results * ROWS * side, x.dtype), x, 0
    start, stop = task * planes * groups // tasks, (task + 1) * planes * groups // tasks
    plane, group = divmod(stop, groups)
    q = table[group_at + ENTRY * group] if group else 0
    last = plane * h * w + (min(h, out_sh * q) * w if is_phased else q * out_step)  # where other tasks' rows begin
    plane, group = divmod(start, groups)
    channel, group = plane % channels, group - 1
    for unit in range(start, stop):
        group += 1
        if group == groups:
            plane, group, channel = plane + 1, 0, channel + 1 if channel + 1 < channels else 0
        if unit == start or group == 0:
            here, x_at = x, plane * size
            if _reaches_out(x, x_at, size, before, behind):
                here, x_at = _copied(x, x_at, size, before, behind), before
        entry = group_at + ENTRY * group
        q, kind, rows = table[entry], table[entry + 1], 1 if table[entry + 1] == ONE else ROWS
        base = bias[channel] if bias.size else x.dtype.type(0)
        to = plane * h * w + q * out_step
        is_straight = not is_phased and to + (rows - 1) * out_step + side - MOVE <= last
        target, at, row_step = (out, to, out_step) if is_straight else (sums, 0, side)
        for phase in range(results):
            tap = phase_at[phase]
            for piece in range(pieces):
                t = starts[piece]
                rows_tile(kind, lanes, step, target, at + phase * ROWS * side + t, row_step, weight,
                          channel * weight_step, here, x_at + q * x_step + t * step, x_step, table, tap, taps + tap,
                          entry + 2, masks_at + piece * taps + tap, phase_at[phase + 1] - tap, base)  # fmt: skip
        for r in range(0 if is_straight else rows):
            if not is_phased:
                copy_run(sums, r * side, out, to + r * out_step, min(out_step, (plane + 1) * h * w - to - r * out_step))
            else:
                for a in range(row_phases):
                    row = out_sh * (q + r) + begins[a]
                    if row < h:
                        to = (plane * h + row) * w
                        at, end = (a * column_phases * ROWS + r) * side, last if is_dense else to + w
                        _put_phases(sums, at, ROWS * side, column_begins, out_sw, count, out, to, w, end)


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
    """Compute the gradient of some filters' taps.

    A piece's lanes behind the end of a row of grad meet zeros, which add nothing to sums of finite numbers. If a sum is
    not finite, it is taken again one number at a time. The table holds the taps' distances in the image; each piece's
    places in it and in grad, and which masks are its; the taps' distances in rows, and in columns; the masks.
    """
    (images, filters, channels, height, width, oh, ow, sh, sw, taps, slots, pieces, lanes, before, behind,
     tasks) = first_of(numbers, 16)  # fmt: skip
    size, grad_size, tap_at = height * width, oh * ow, table[slots + 3 * pieces :]
    sums = empty(slots * lanes, x.dtype)
    for f in range(task * filters // tasks, (task + 1) * filters // tasks):
        channel = f // (filters // channels)
        sums[:] = 0
        for n in range(images):
            here, x_at, there, grad_at = x, (n * channels + channel) * size, grad, (n * filters + f) * grad_size
            if _reaches_out(x, x_at, size, before, behind):
                here, x_at = _copied(x, x_at, size, before, behind), before
            if _reaches_out(grad, grad_at, grad_size, 0, lanes):
                there, grad_at = _copied(grad, grad_at, grad_size, 0, lanes), 0
            for slot in range(0, slots, TAPS):
                taps_tile(lanes, sw, sums, slot * lanes, here, x_at, there, grad_at, table, slot, slots,
                          slots + 3 * pieces + 2 * taps + slot, pieces)  # fmt: skip
        for k in range(taps):
            total = x.dtype.type(0)
            for lane in range(lanes):
                total += sums[k * lanes + lane]
            if not abs(total) < np.inf:  # np.isfinite(a) asks whether a - a is 0, which "reassoc" takes for granted
                total = x.dtype.type(0)
                for n in range(images):
                    grad_at, x_at = (n * filters + f) * grad_size, (n * channels + channel) * size
                    total += _sum(grad, grad_at, oh, ow, x, x_at, height, width, tap_at[k], tap_at[taps + k], sh, sw)
            out[f * taps + k] = total
