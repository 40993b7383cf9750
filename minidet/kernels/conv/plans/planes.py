"""What ``depthwise`` is given of a plan: rows that meet the same taps, the pieces of a row, and what is padding."""

from typing import NamedTuple

import numpy as np

from ...simd.rows import ANY, LIKE, ONE, ROWS, TAPS
from ...simd.vectors import MOVE, SHORT
from .. import depthwise
from .launches import Launch, tasks_for

#: Most masks: one for each piece and tap of rows that meet other taps than others; and most pieces of a plane.
MOST = 1 << 16
#: The largest step between columns for which there are loads.
MOST_STEP = 2


class Rows(NamedTuple):
    """A plane's rows of pixels and their pieces.

    Attributes
    ----------
    lanes : int
        Of a piece.
    starts : (S,) array
        The pieces' first columns.
    kinds : (rows,) array
        Rows of one kind meet the same taps.
    masks : (kinds, S, K) array
        Bit l says whether a tap of the piece's pixel l lies in the image.
    steps : (int, int)
        Numbers from one row to the next, of the image and of the result without phases.
    before, behind : int
        Numbers that are read before a plane, and behind it.
    """

    lanes: int
    starts: np.ndarray
    kinds: np.ndarray
    masks: np.ndarray
    steps: tuple[int, int]
    before: int
    behind: int


def rows_of(size, taps, steps, pixels, overlap, is_phased=False):
    """Return the rows, or None if their masks are too many, or the step too large.

    Where rows are short, the pieces of a plane as one long row take their place.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of the image.
    taps : (K, 2) array
        The taps' distances from a pixel's place, rows and columns.
    steps : (int, int)
        Rows and columns of the image from one pixel to the next.
    pixels : (int, int)
    overlap : bool
        Whether the last piece of a row ends where the row ends, and overlaps the one before it.
    is_phased : bool
        Whether the pixels are not neighbours in the result.
    """
    (height, width), (sh, sw), (qh, qw) = size, steps, pixels
    is_long = steps == (1, 1) and qw == width < MOVE and not is_phased
    lanes, count = MOVE if is_long else _lanes(qw), qh * qw
    row, column = np.divmod(np.arange(-(-count // MOVE) * MOVE), qw) if is_long else (np.arange(qh), np.arange(qw))
    starts = np.arange(0, 1 if is_long else qw, lanes)
    if sw > MOST_STEP or row.size * starts.size * max(1, len(taps)) > MOST:
        return None
    if overlap and qw > lanes:
        starts[-1] = qw - lanes
    met = _inside(sh * row, taps[:, 0], height)  # (rows, K)
    there = _inside(sw * column, taps[:, 1], width)  # (columns, K)
    if is_long:
        bits = ((met & there & (row < qh)[:, None]).reshape(-1, lanes, len(taps)) << np.arange(lanes)[:, None]).sum(1)
        masks, kinds = np.unique(bits, axis=0, return_inverse=True)
        masks, row_steps = masks[:, None], (lanes, lanes)
    else:
        met, kinds = np.unique(met, axis=0, return_inverse=True)
        there = np.pad(there, ((0, lanes), (0, 0)))[starts[:, None] + np.arange(lanes)]  # (S, lanes, K)
        masks = np.where(met[:, None], (there << np.arange(lanes)[:, None]).sum(1), 0)
        row_steps = sh * width, qw
    low, high = taps.min(0) @ (width, 1), taps.max(0) @ (width, 1)
    last = high + row_steps[0] * (kinds.size - 1) + sw * (starts[-1] + lanes)
    return Rows(
        lanes, starts, kinds.reshape(-1), masks, row_steps, max(0, -int(low)), max(0, int(last) - height * width)
    )


def _lanes(columns):
    """Return the lanes of a row's pieces: few, if fewer are then unused."""
    short, long = (-(-columns // lanes) * lanes for lanes in (SHORT, MOVE))
    return SHORT if 4 * short <= 3 * long else MOVE


def _inside(places, taps, length):
    """Tell of each place and tap whether it lies in the image: (places, K)."""
    there = places[:, None] + taps
    return (there >= 0) & (there < length)


def _taps(plan):
    """Return the distances of all phases' taps from a pixel's place, and where each phase's begin."""
    if not plan.is_phased:
        return np.array(plan.offsets, np.int64), (0, len(plan.offsets))
    places = np.stack(np.divmod(plan.source_at, plan.image.columns), 1)
    return places + plan.starts[0], plan.phase_at


def _groups(rows):
    """List groups of ``ROWS`` neighbouring rows, or of one: the first one, the kind, and where their masks begin.

    The last group begins within the one before it, unless it has one row.
    """
    at, count = rows.kinds * rows.masks[0].size, rows.kinds.size
    firsts, entries = list(range(0, count - count % ROWS, ROWS)), []
    if count % ROWS > 1 and firsts:
        firsts.append(count - ROWS)
    for first in firsts:
        masks = at[first : first + ROWS]
        entries.append((first, LIKE if (masks == masks[0]).all() else ANY, *masks))
    ones = range(len(firsts) * ROWS, count)
    return entries + [(first, ONE, at[first], *[0] * (ROWS - 1)) for first in ones]


class Planes:
    """A launch of ``depthwise.correlate``, which needs no padded copy and no packed weights."""

    kernel = depthwise.correlate

    def __init__(self, launch, has_gaps):
        self.launch, self.has_gaps = launch, has_gaps

    def run(self, x, weight, bias, out, kept=None):
        """Compute ``out``."""
        if self.has_gaps:
            out[...] = 0
        self.launch.run(x, weight, out, bias)


def product(size, out_size, weight_step, plan):
    """Take every plane by itself: a convolution or an input gradient; None if ``rows_of`` is."""
    (taps, phase_at), image, out_steps = _taps(plan), plan.image, plan.stride if plan.is_phased else (1, 1)
    rows = rows_of(size[2:], taps, (image.sh, image.sw), (plan.qh, plan.qw), True, plan.is_phased)
    if rows is None:
        return None
    groups, planes, work = _groups(rows), size[0] * size[1], int(np.prod(out_size)) * len(taps) // 16
    tasks = min(planes * len(groups), tasks_for(work))
    table = np.concatenate((taps @ (size[3], 1), plan.weight_at, phase_at, *plan.phases, np.reshape(groups, -1),
                            rows.starts, rows.masks.reshape(-1)))  # fmt: skip
    numbers = (planes, size[1], size[2] * size[3], rows.steps[0], image.sw, *out_size[2:], rows.steps[1], *out_steps,
               *map(len, plan.phases), len(taps), len(groups), rows.starts.size, rows.lanes, rows.before, rows.behind,
               weight_step, tasks, table.size - rows.masks.size)  # fmt: skip
    return Planes(Launch(depthwise.correlate, tasks, table, numbers, work), plan.has_gaps)


def weight_grad(grad_size, size, plan):
    """Take every plane by itself, or return None if ``rows_of`` does."""
    (n, f, oh, ow), image, taps, width = grad_size, plan.image, np.array(plan.offsets, np.int64), size[3]
    slots = np.pad(taps, ((0, -len(taps) % TAPS), (0, 0)))
    rows = rows_of(size[2:], taps, (image.sh, image.sw), (oh, ow), False)
    if rows is None:
        return None
    masks, number = np.pad(rows.masks, ((0, 0), (0, 0), (0, len(slots) - len(taps)))), np.arange(rows.kinds.size)
    places = np.add.outer(number * rows.steps[0], rows.starts * image.sw).reshape(-1)
    targets = np.add.outer(number * rows.steps[1], rows.starts).reshape(-1)
    kept = np.add.outer(rows.kinds * masks[0].size, np.arange(rows.starts.size) * len(slots)).reshape(-1)
    pieces = np.stack((places, targets, kept), 1).reshape(-1)
    table = np.concatenate((slots @ (width, 1), pieces, *taps.T, masks.reshape(-1)))
    work = n * f * oh * ow * len(taps) // 16
    tasks = min(f, tasks_for(work))
    numbers = (n, f, *size[1:], oh, ow, image.sh, image.sw, len(taps), len(slots), places.size, rows.lanes, rows.before,
               rows.behind, tasks)  # fmt: skip
    return Launch(depthwise.weight_grad, tasks, table, numbers, work)
