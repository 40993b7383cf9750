"""What each kernel is given of a plan: tables of offsets and pieces, and whether its pixels fall into windows."""

import functools
from dataclasses import replace

import numpy as np

from ...simd.tiles import MOVE as PIECE
from ..winograd.windows import MOST_DILATED
from .geometry import Image, channel_offsets, count

#: Pixels in Winograd's windows, for one of the result: with more, what it saves is lost. With stride 2 it saves less.
WASTE, LITTLE_WASTE = 1.6, 1.25


def _pieces(rows, columns, multiple):
    """Cut pixels (rows, columns) into pieces of at most 8 neighbours in a row: return their rows and columns.

    The last piece of a row ends where the row ends, and overlaps the one before it. Their number is rounded up by
    repeating the last one.
    """
    starts = np.arange(0, max(1, columns - PIECE + 1), PIECE)
    if columns > PIECE and columns % PIECE:
        starts = np.append(starts, columns - PIECE)
    row, column = (axis.reshape(-1) for axis in np.meshgrid(np.arange(rows), starts, indexing="ij"))
    extra = -row.size % multiple
    return np.pad(row, (0, extra), mode="edge"), np.pad(column, (0, extra), mode="edge")


def is_in_order(weight_at):
    """Tell whether the taps come as the weight's numbers do, every single one."""
    return np.array_equal(weight_at, np.arange(weight_at.size))


def tiles_table(offsets, weight_at):
    """Return ``tiles``'s table: the taps' distances from a pixel's place, rows and columns; then weight_at."""
    return np.concatenate((np.array(offsets, np.int64).T.flatten(), weight_at))


def framed(plan, offsets, weight_at):
    """Return the padded image in which all taps exist, not split, its start in x, and ``tiles``'s table."""
    taps = np.array(offsets, np.int64)
    start, reach = taps.min(0), np.ptp(taps, axis=0)
    rows, columns = ((size - 1) * step + more + 1 for size, step, more in
                     zip((plan.qh, plan.qw), (plan.image.sh, plan.image.sw), reach, strict=True))  # fmt: skip
    return Image(1, int(rows), int(columns), 1, 1), start[None], tiles_table(taps - start, weight_at)


def _long(plan):
    """Return how many pieces the rows of the padded image are, as one long row, up to the result's last pixel."""
    return -(-((plan.qh - 1) * plan.image.columns + plan.qw) // PIECE)


@functools.lru_cache(maxsize=512)
def shared_padding(plan, channels, width):
    """Return the plan in which a row's padding is that of the next one, too, if rows as one long row then pay."""
    image, left = plan.image, -int(plan.starts[0, 1])
    right = image.columns - left - width
    if image.phases > 1 or (image.sh, image.sw) != (1, 1) or min(left, right) <= 0:
        return plan
    image = image._replace(columns=width + max(left, right))
    taps = np.array(plan.offsets, np.int64) - plan.starts[0]
    source_at = channel_offsets(channels, image.plane, taps[:, 0] * image.columns + taps[:, 1])
    shared = replace(plan, image=image, source_at=source_at)
    pays = plan.qw < image.columns and _long(shared) < plan.qh * -(-plan.qw // PIECE)
    return shared if pays else plan


@functools.lru_cache(maxsize=512)
def direct_table(plan, multiple, straight, images, steps):
    """Return ``direct``'s table, the number of pieces, and the lanes from a row of the result to the next one.

    Unless the pieces go ``straight`` to the result, they may run over from one row to the next, or behind the image.
    The pieces are those of ``images``, ``steps`` apart in x and in the result.
    """
    (rows, columns), across, long = plan.long, plan.image.columns, _long(plan)
    row, column = _pieces(rows, columns, 1)
    if not straight and long < rows * -(-columns // PIECE):
        places = targets = count(long) * PIECE
    else:
        places, across = row * across + column, max(columns, PIECE)
        targets = row * across + column
    each, number = np.arange(images)[:, None], images * places.size
    bases = np.broadcast_to(each * steps[1], (images, places.size))
    places, targets = places + each * steps[0], targets + (bases if straight else 0 * each)
    places, targets, bases = (
        np.pad(part.reshape(-1), (0, -number % multiple), mode="edge") for part in (places, targets, bases)
    )
    table = np.concatenate((plan.source_at, places, targets, bases, np.arange(multiple) * PIECE, plan.weight_at))
    return table, places.size, across


@functools.lru_cache(maxsize=512)
def phases_table(plan, multiple):
    """Return ``phases``'s table, the number of pieces and their width."""
    row, column = _pieces(plan.qh, plan.qw, multiple)
    places, aside = row * plan.image.columns + column, np.arange(multiple) * PIECE
    table = np.concatenate((plan.source_at, places, row, column, aside, *plan.phases, plan.phase_at, plan.weight_at))
    return table, row.size, min(plan.qw, PIECE)


@functools.lru_cache(maxsize=512)
def window(plan, channels, waste=WASTE):
    """Return where the 9 taps of a 3 x 3 window and its next channel lie in the weight, or None if that is no window.

    How many windows there are in an image, and where the first one starts in it, come with them. Where many of the last
    windows' pixels would be outside, they do not pay.
    """
    image, (dh, dw), count = plan.image, plan.dilation, plan.source_at.size // channels
    if dw > MOST_DILATED:
        return None
    at = [i * dh * image.columns + j * dw for i in range(3) for j in range(3)]
    one_phase = image.phases == 1 and not plan.is_phased
    if count != 9 or not one_phase or sorted(plan.source_at[:9]) != at or image.columns != plan.qw + 2 * dw:
        return None
    th, tw = ((size + 2 * step - 1) // (2 * step) for size, step in ((plan.qh, dh), (plan.qw, dw)))
    if 4 * th * tw * dh * dw > waste * plan.qh * plan.qw:
        return None
    corner, tap_at = plan.starts[0].tolist(), plan.weight_at[:9][np.argsort(plan.source_at[:9])]
    return th * tw * dh * dw, corner, tap_at, int(plan.weight_at[9] - plan.weight_at[0])


@functools.lru_cache(maxsize=512)
def strided_window(plan, channels):
    """Return the same for windows of 5 x 5, whose 3 x 3 taps have stride 2."""
    image, count = plan.image, plan.source_at.size // channels
    if (image.sh, image.sw) != (2, 2) or count != 9:
        return None
    top, left = plan.offsets[0]
    if plan.offsets != tuple((top + i, left + j) for i in range(3) for j in range(3)):
        return None
    th, tw = (plan.qh + 1) // 2, (plan.qw + 1) // 2
    if 4 * th * tw > LITTLE_WASTE * plan.qh * plan.qw:
        return None
    return th * tw, (top, left), plan.weight_at[:9], 9


def strided_grad_window(size, channels):
    """Return the same for an input gradient (N, channels, *size): windows of 3 x 3 make 4 x 4 pixels."""
    th, tw = ((length + 3) // 4 for length in size)
    if 16 * th * tw > LITTLE_WASTE * size[0] * size[1]:
        return None
    return th * tw, (0, 0), count(9), 9 * channels
