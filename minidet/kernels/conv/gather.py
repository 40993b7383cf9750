"""The gathering of ``tiles``: pixels of an image, cut into pieces of neighbours, become the rows of two panels.

::

    48 pixels q, in any rows and images             panel 0                    panel 1
      cut: pieces of at most 8 neighbours     tap 0 | piece | piece | piece |  | piece | piece | piece |
      for a channel                           tap 1 | ...                   |  | ...                   |
        for a tap (i, j)
          copy each piece: one load, one store                 24 lanes                   24 lanes

Both panels are filled in one go because what they read are neighbours: 24 float32 are one and a half cache lines, and
rows that lie a power of two apart share few places in the cache, so that half a line left over would be loaded again.
(With AVX-512 a panel is 48 lanes wide, three whole lines, and there is one.)
For the same reason all taps of a channel come before the next channel.

Pixels near the border meet padding. Nothing is padded in memory: for each tap, the lanes of a piece that are outside
become 0 in the register. Most pieces are far from the border, and skip that.
"""

import numpy as np

from ..launch.jit import inlined, jit
from ..simd.copies import copy_every, copy_some
from ..simd.tiles import DENSE_LANES, MOVE

#: Panels that are filled together, and their pixels.
PANELS = 1 if DENSE_LANES % 16 == 0 else 2
WIDE = PANELS * DENSE_LANES
#: Pieces in the row of a panel.
ROW = DENSE_LANES // MOVE


@jit
def cut(first, last, qh, qw, pieces, most=MOVE):
    """Cut pixels first .. last of images of qh x qw into pieces of at most 8 neighbours, and return how many.

    ``pieces[i]`` is the first lane, and the first pixel's image, row and column. A piece lies in one panel.
    """
    n, q = divmod(first, qh * qw)
    r, t = divmod(q, qw)
    lane, number, count = 0, 0, last - first
    while lane < count:
        run = min(most, qw - t, count - lane, DENSE_LANES - lane % DENSE_LANES)
        pieces[number, 0], pieces[number, 1], pieces[number, 2], pieces[number, 3] = lane, n, r, t
        number += 1
        lane += run
        t += run
        if t == qw:
            t = 0
            r += 1
            if r == qh:
                r = 0
                n += 1
    return number


@jit
def _is_regular(pieces, number):
    """Tell whether there are six pieces, of 8 lanes each: of the last, some may be unused."""
    return number == WIDE // MOVE and pieces[number - 1, 0] == WIDE - MOVE


@jit
def reach_of(table, step):
    """Return the taps' least and greatest distance from a pixel's place: rows, columns of a piece's 8 lanes."""
    taps = table.size // 2
    reach = np.array([table[0], table[0], table[taps], table[taps]])
    for tap in range(taps):
        reach[0], reach[1] = min(reach[0], table[tap]), max(reach[1], table[tap])
        reach[2], reach[3] = min(reach[2], table[taps + tap]), max(reach[3], table[taps + tap])
    reach[3] += step * (MOVE - 1) + 1
    return reach


@jit
def is_interior(pieces, number, sizes, steps, reach, places):
    """Find where the pieces lie in x, and tell whether no tap of theirs meets padding, or lies behind x's end."""
    images, channels, _, height, width = sizes
    if not _is_regular(pieces, number) or steps[1] > 2:
        return False
    for i in range(number):
        row, column = pieces[i, 2] * steps[0], pieces[i, 3] * steps[1]
        places[i] = (pieces[i, 1] * channels * height + row) * width + column
        if row + reach[0] < 0 or row + reach[1] >= height or column + reach[2] < 0 or column + reach[3] > width:
            return False
    last = places[number - 1] + ((channels - 1) * height + reach[1]) * width + reach[3] + steps[1] - 1
    return last <= images * channels * height * width


@jit
def gather_interior(x, sizes, steps, table, channel, run, places, panels, side):
    """Fill the panels, ``side`` apart, with the taps of six pieces, none of which meets padding."""
    width, plane, taps, to = sizes[4], sizes[3] * sizes[4], table.size // 2, 0
    for c in range(channel, channel + run):
        for tap in range(taps):
            there = c * plane + table[tap] * width + table[taps + tap]
            for i in range(PANELS * ROW):
                lane = to + i // ROW * side + i % ROW * MOVE
                copy_every(panels, lane, x, places[i] + there, steps[1])
            to += DENSE_LANES


@jit
def locate(pieces, number, sizes, steps, table, places, kept):
    """Find where each tap's pieces lie in x, and which of their 8 lanes are inside: the others are padding.

    ``places[tap * WIDE + i]`` is in channel 0; ``kept[(tap * WIDE + i) * 8 + lane]`` is 1 or 0. Return the first and
    one past the last channel of which all 8 lanes of every piece may be read, for every tap: of the first image's first
    channels some lie before x, of the last image's last ones behind it.
    """
    images, channels, _, height, width = sizes
    taps, plane = table.size // 2, height * width
    before, behind = 0, 0
    for tap in range(taps):
        for i in range(number):
            row, column = pieces[i, 2] * steps[0] + table[tap], pieces[i, 3] * steps[1] + table[taps + tap]
            is_row = 0 <= row < height
            for lane in range(MOVE):
                kept[(tap * WIDE + i) * MOVE + lane] = is_row and 0 <= column + lane * steps[1] < width
            if not is_row:
                row, column = 0, 0
            place = (pieces[i, 1] * channels * height + row) * width + column
            places[tap * WIDE + i] = place
            before = max(before, -place)
            behind = max(behind, place + (channels - 1) * plane + steps[1] * MOVE - images * channels * plane)
    if steps[1] > 2:
        return channels, channels
    return (before + plane - 1) // plane, channels - (behind + plane - 1) // plane


@jit
def _gather_readable(x, sizes, steps, table, channel, run, number, pieces, places, kept, panels, side):
    """Fill the panels with the taps of pieces that may be read whole: lanes that are padding become 0.

    A piece's excess is overwritten by the next piece, that of a row's last one by the next row: ``panels`` goes on for
    8 numbers after its last row.
    """
    plane, taps, to = sizes[3] * sizes[4], table.size // 2, 0
    lanes = np.empty(number, np.int64)
    for i in range(number):
        lane = pieces[i, 0]
        lanes[i] = lane if lane < DENSE_LANES else side + lane - DENSE_LANES
    for c in range(channel, channel + run):
        for tap in range(taps):
            at = tap * WIDE
            for i in range(number):
                copy_some(panels, to + lanes[i], x, places[at + i] + c * plane, steps[1], kept, (at + i) * MOVE)
            to += DENSE_LANES


@jit
def _gather_exactly(x, sizes, steps, table, channel, run, number, pieces, places, kept, panels, side):
    """Fill the panels with the taps of any pieces: each is looked at.

    A piece's excess is overwritten by the next piece; the last one of a panel has none.
    """
    plane, taps, to = sizes[3] * sizes[4], table.size // 2, 0
    for c in range(channel, channel + run):
        for tap in range(taps):
            for i in range(number):
                panel, lane = (0, pieces[i, 0]) if pieces[i, 0] < DENSE_LANES else (side, pieces[i, 0] - DENSE_LANES)
                there = places[tap * WIDE + i] + c * plane
                _copy_some(x, there, steps[1], kept, (tap * WIDE + i) * MOVE, panels, panel + to, lane)
            to += DENSE_LANES


@inlined
def _copy_some(x, source, step, kept, kept_at, panels, to, lane):
    """Copy a piece's lanes, zeros for padding, as far as the panel has room."""
    if step <= 2 and lane <= DENSE_LANES - MOVE and source >= 0 and source + step * MOVE <= x.size:
        copy_some(panels, to + lane, x, source, step, kept, kept_at)
    else:
        for each in range(min(MOVE, DENSE_LANES - lane)):
            panels[to + lane + each] = x[source + step * each] if kept[kept_at + each] else 0


@jit
def gather(x, sizes, steps, table, channel, run, number, pieces, places, kept, panels, side, readable):
    """Fill the panels: ``panels[side * panel + 24 * k + lane]`` for the taps k = (c, i, j) of ``run`` channels.

    Those that are ``readable``, from the first to one before the last, are copied by whole pieces.
    """
    row, last = table.size // 2 * DENSE_LANES, channel + run
    first = min(last, max(channel, readable[0]))
    end = min(last, max(first, readable[1]))
    _gather_exactly(x, sizes, steps, table, channel, first - channel, number, pieces, places, kept, panels, side)
    at = (first - channel) * row
    _gather_readable(x, sizes, steps, table, first, end - first, number, pieces, places, kept, panels[at:], side)
    at = (end - channel) * row
    _gather_exactly(x, sizes, steps, table, end, last - end, number, pieces, places, kept, panels[at:], side)
