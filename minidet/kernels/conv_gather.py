"""The gathering of ``conv_tiles``: pixels of an image, cut into pieces of neighbours, become the rows of two panels.

::

    48 pixels q, in any rows and images             panel 0                    panel 1
      cut: pieces of at most 8 neighbours     tap 0 | piece | piece | piece |  | piece | piece | piece |
      for a tap (i, j)                        tap 1 | ...                   |  | ...                   |
        for a channel
          copy each piece: one load, one store                 24 lanes                   24 lanes

Both panels are filled in one go because what they read are neighbours: 24 float32 are one and a half cache lines, and
rows that lie a power of two apart share few places in the cache, so that half a line left over would be loaded again.

Pixels near the border meet padding. Nothing is padded in memory: for each tap, the lanes of a piece that are outside
become 0 in the register. Most pieces are far from the border, and skip that.
"""

import numpy as np

from .jit import inlined, jit
from .simd import DENSE_LANES, MOVE, every_second, every_second_of_some, move, move_some

#: Pixels that are gathered together.
WIDE = 2 * DENSE_LANES


@jit
def cut(first, last, qh, qw, pieces):
    """Cut pixels first .. last of images of qh x qw into pieces of at most 8 neighbours, and return how many.

    ``pieces[i]`` is the first lane, and the first pixel's image, row and column. A piece lies in one panel.
    """
    n, q = divmod(first, qh * qw)
    r, t = divmod(q, qw)
    lane, number, count = 0, 0, last - first
    while lane < count:
        run = min(MOVE, qw - t, count - lane, DENSE_LANES - lane % DENSE_LANES)
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
        places[i, 0] = (pieces[i, 1] * channels * height + row) * width + column
        if row + reach[0] < 0 or row + reach[1] >= height or column + reach[2] < 0 or column + reach[3] > width:
            return False
    last = places[number - 1, 0] + ((channels - 1) * height + reach[1]) * width + reach[3] + steps[1] - 1
    return last <= images * channels * height * width


@jit
def gather_interior(x, sizes, steps, table, channel, run, places, panels, side):
    """Fill the panels, ``side`` apart, with the taps of six pieces, none of which meets padding."""
    width, plane, taps = sizes[4], sizes[3] * sizes[4], table.size // 2
    p0, p1, p2, p3, p4, p5 = places[0, 0], places[1, 0], places[2, 0], places[3, 0], places[4, 0], places[5, 0]
    for tap in range(taps):
        there, to = channel * plane + table[tap] * width + table[taps + tap], tap * DENSE_LANES
        for _ in range(run):
            if steps[1] == 1:
                move(panels, to, x, p0 + there)
                move(panels, to + MOVE, x, p1 + there)
                move(panels, to + 2 * MOVE, x, p2 + there)
                move(panels, to + side, x, p3 + there)
                move(panels, to + side + MOVE, x, p4 + there)
                move(panels, to + side + 2 * MOVE, x, p5 + there)
            else:
                every_second(panels, to, x, p0 + there)
                every_second(panels, to + MOVE, x, p1 + there)
                every_second(panels, to + 2 * MOVE, x, p2 + there)
                every_second(panels, to + side, x, p3 + there)
                every_second(panels, to + side + MOVE, x, p4 + there)
                every_second(panels, to + side + 2 * MOVE, x, p5 + there)
            to += taps * DENSE_LANES
            there += plane


@jit
def _locate(places, pieces, number, sizes, steps, below, right, channel, run):
    """Find where the pieces' tap lies in x, and which of their 8 lanes are inside: the others are padding.

    Return whether all 8 lanes of all pieces may be read, in ``run`` channels.
    """
    images, channels, _, height, width = sizes
    readable, size = True, images * channels * height * width
    for i in range(number):
        n, row, column = pieces[i, 1], pieces[i, 2] * steps[0] + below, pieces[i, 3] * steps[1] + right
        first, last = 0, MOVE
        if column < 0 or column + (MOVE - 1) * steps[1] >= width:
            first = min(MOVE, max(0, (steps[1] - 1 - column) // steps[1]))
            last = min(MOVE, (width - column + steps[1] - 1) // steps[1])
        if row < 0 or row >= height or first >= last:
            row, column, first, last = 0, 0, 0, 0
        place = ((n * channels + channel) * height + row) * width + column
        places[i, 0], places[i, 1], places[i, 2] = place, first, last
        readable = readable and place >= 0 and place + (run - 1) * height * width + steps[1] * MOVE <= size
    return readable


@jit
def gather(x, sizes, steps, table, channel, run, number, pieces, places, panels, side):
    """Fill the panels: ``panels[side * panel + 24 * k + lane]`` for the taps k = (c, i, j) of ``run`` channels.

    A piece's excess is overwritten by the next piece; the last one of a panel has none.
    """
    plane, taps, regular = sizes[3] * sizes[4], table.size // 2, _is_regular(pieces, number)
    for tap in range(taps):
        readable = _locate(places, pieces, number, sizes, steps, table[tap], table[taps + tap], channel, run)
        if readable and regular and steps[1] <= 2:
            to, to_step = tap * DENSE_LANES, taps * DENSE_LANES
            _copy_three(x, plane, steps[1], places[:3], run, panels, to, to_step)
            _copy_three(x, plane, steps[1], places[3:], run, panels, to + side, to_step)
        else:
            for c in range(run):
                for i in range(number):
                    panel, lane = divmod(pieces[i, 0], DENSE_LANES)
                    there, to = places[i, 0] + c * plane, panel * side + (c * taps + tap) * DENSE_LANES
                    _copy_some(x, there, steps[1], readable, places[i, 1], places[i, 2], panels, lane, to)


@jit
def _copy_three(x, plane, step, places, run, panels, to, to_step):
    """Copy three pieces, of which some lanes may be padding, in ``run`` channels."""
    p0, first0, last0 = places[0, 0], places[0, 1], places[0, 2]
    p1, first1, last1 = places[1, 0], places[1, 1], places[1, 2]
    p2, first2, last2 = places[2, 0], places[2, 1], places[2, 2]
    if step == 1:
        for c in range(run):
            at, there = to + c * to_step, c * plane
            move_some(panels, at, x, p0 + there, first0, last0)
            move_some(panels, at + MOVE, x, p1 + there, first1, last1)
            move_some(panels, at + 2 * MOVE, x, p2 + there, first2, last2)
    else:
        for c in range(run):
            at, there = to + c * to_step, c * plane
            every_second_of_some(panels, at, x, p0 + there, first0, last0)
            every_second_of_some(panels, at + MOVE, x, p1 + there, first1, last1)
            every_second_of_some(panels, at + 2 * MOVE, x, p2 + there, first2, last2)


@inlined
def _copy_some(x, source, step, readable, first, last, panels, lane, to):
    """Copy a piece's lanes first .. last, and zeros to the others of 8, or to those that the panel has."""
    whole = readable and lane <= DENSE_LANES - MOVE
    if whole and step == 1:
        move_some(panels, to + lane, x, source, first, last)
    elif whole and step == 2:
        every_second_of_some(panels, to + lane, x, source, first, last)
    else:
        for each in range(min(MOVE, DENSE_LANES - lane)):
            panels[to + lane + each] = x[source + step * each] if first <= each < last else 0
