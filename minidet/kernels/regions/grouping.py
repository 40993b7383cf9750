"""Selective search's regions, compiled: what is known of each, which touch, and how they are grouped.

::

    heap        the most similar pair on top; pairs of regions that are gone stay in it until they come up
    pop a, b    make the region new: boxes and counts joined, a's row of counts taken over; no pixel is looked at again
    neighbours  a linked list for each region; new's is a's followed by b's. Walk along it: entries name regions as
                they were, union-find tells what became of them; what was seen before is unlinked, the rest is
                compared and pushed

So there are never more list entries than pairs at the start. When the heap is full, it is cleared of what is gone: what
is left are pairs that touch, and of those there are no more than at the start either.
"""

from __future__ import annotations

import numpy as np

from ..launch.jit import jit
from ..reference.regions.grouping import COLOURS, DIAGONAL, LEAST, ONE, ORIENTATIONS, RESPONSES, first_columns
from .segments import root

__all__ = ["COLOURS", "adjacency", "bins", "extents", "group", "histograms"]


def bins(image, gx, gy):
    """Return each pixel's bins: uint8 (H W, 9 C), the C channels' colours, then C times 8 orientations."""
    out = np.empty((image[0].size, (1 + ORIENTATIONS) * len(image)), np.uint8)
    flat = (len(image), image[0].size)
    _bins(np.ascontiguousarray(image).reshape(flat), gx.reshape(flat), gy.reshape(flat), out)
    return out


@jit
def _bins(image, gx, gy, out):
    channels, area = image.shape
    for c in range(channels):
        largest = LEAST
        for p in range(area):
            x, y = abs(gx[c, p]), abs(gy[c, p])
            largest = max(largest, x, y, (x + y) * DIAGONAL)
        scale, first = RESPONSES / largest, channels + c * ORIENTATIONS
        for p in range(area):
            out[p, c] = int(min(max(image[c, p] * np.float32(COLOURS), 0), COLOURS - 1))
            x, y = gx[c, p], gy[c, p]
            along = (x, (x + y) * DIAGONAL, y, (y - x) * DIAGONAL)
            for i in range(4):
                out[p, first + i] = int(min(max(along[i] * scale, 0), RESPONSES - 1))
                out[p, first + 4 + i] = int(min(max(-along[i] * scale, 0), RESPONSES - 1))


def histograms(bins, labels, count):
    """Count each region's pixels in each bin: int32 (R, 105 C)."""
    first, columns = first_columns(bins.shape[1] // (1 + ORIENTATIONS))
    out = np.zeros((count, columns), np.int32)
    _histograms(bins, labels.reshape(-1), first, out)
    return out


@jit
def _histograms(bins, labels, first, out):
    for p in range(labels.size):
        row = out[labels[p]]
        for i in range(first.size):
            row[first[i] + bins[p, i]] += 1


@jit
def extents(labels, count):
    """Return each region's pixels, int64 (R,), and its box ``(x1, y1, x2, y2)``, int64 (R, 4)."""
    height, width = labels.shape
    sizes, boxes = np.zeros(count, np.int64), np.zeros((count, 4), np.int64)
    boxes[:, 0], boxes[:, 1] = width, height
    for y in range(height):
        for x in range(width):
            region = labels[y, x]
            box = boxes[region]
            sizes[region] += 1
            box[0], box[1], box[2], box[3] = min(box[0], x), min(box[1], y), max(box[2], x + 1), y + 1
    return sizes, boxes


@jit
def adjacency(labels, count):
    """Return the pairs of regions that touch, at a side or a corner of a pixel: int32 (E, 2), smaller first, sorted."""
    height, width = labels.shape
    found, room = 0, 1024
    ends = np.empty((room, 2), np.int32)
    for y in range(height):
        for d in range(4):
            down, right = 1 if d > 0 else 0, (1, 0, 1, -1)[d]
            if y + down == height:
                continue
            here, there, low_before, high_before = labels[y], labels[y + down], -1, -1
            for x in range(max(0, -right), width - max(0, right)):
                a, b = here[x], there[x + right]
                low, high = min(a, b), max(a, b)
                if low == high or (low == low_before and high == high_before):
                    continue
                low_before, high_before = low, high
                if found == room:
                    room *= 2
                    wider = np.empty((room, 2), np.int32)
                    wider[:found] = ends
                    ends = wider
                ends[found, 0], ends[found, 1] = low, high
                found += 1
    ends = _sorted_by(_sorted_by(ends[:found], 1, count), 0, count)
    different = 0
    for i in range(found):
        if i == 0 or ends[i, 0] != ends[i - 1, 0] or ends[i, 1] != ends[i - 1, 1]:
            ends[different] = ends[i]
            different += 1
    return ends[:different].copy()


@jit
def _sorted_by(ends, column, count):
    """Sort pairs by one of their columns, numbers below ``count``; equal ones keep their order."""
    place = np.zeros(count + 1, np.int64)
    for i in range(len(ends)):
        place[ends[i, column] + 1] += 1
    place = np.cumsum(place)
    out = np.empty((len(ends), 2), np.int32)
    for i in range(len(ends)):
        at = place[ends[i, column]]
        out[at, 0], out[at, 1] = ends[i, 0], ends[i, 1]
        place[ends[i, column]] += 1
    return out


def group(sizes, boxes, pairs, counts, colours, channels, uses_size, uses_fill, area):
    """Join the two most similar regions that touch, until there is one; of equal pairs, the older regions.

    Arguments and results are those of :func:`minidet.kernels.reference.regions.grouping.group`.
    """
    first = len(sizes)
    all_sizes, all_boxes = np.zeros(2 * first - 1, np.int64), np.zeros((2 * first - 1, 4), np.int64)
    all_sizes[:first], all_boxes[:first] = sizes, boxes
    children = np.empty((first - 1, 2), np.int32)
    options = np.array([colours, channels, bool(uses_size), bool(uses_fill), area], np.int64)
    _group(all_sizes, all_boxes, pairs, np.array(counts, np.int32, order="C"), options, children)
    return all_boxes, children


@jit
def _group(sizes, boxes, pairs, counts, options, children):
    first = len(children) + 1
    histogram, slot = np.empty_like(counts), np.arange(sizes.size)
    for region in range(first):
        _scale(counts[region], sizes[region], options, histogram[region])
    parent, seen = np.arange(sizes.size), np.full(sizes.size, -1)
    head = np.arange(sizes.size)  # a list's first entry is its region's own: there is always one before
    following, named, tail = _lists(pairs, sizes.size)
    keys, names, waiting = np.empty(2 * len(pairs) + 1, np.int64), np.empty(2 * len(pairs) + 1, np.int64), 0
    for i in range(len(pairs)):
        a, b = np.int64(pairs[i, 0]), np.int64(pairs[i, 1])
        waiting = _push(keys, names, waiting, _similarity(a, b, sizes, boxes, histogram, slot, options), a, b)
    new = first
    while waiting:
        a, b = names[0] >> 32, names[0] & 0xFFFFFFFF
        waiting = _pop(keys, names, waiting)
        if parent[a] != a or parent[b] != b:
            continue
        children[new - first, 0], children[new - first, 1] = a, b
        sizes[new] = sizes[a] + sizes[b]
        _cover(boxes[a], boxes[b], boxes[new])
        parent[a] = parent[b] = new
        counts[slot[a]] += counts[slot[b]]
        slot[new], head[new] = slot[a], head[a]
        _scale(counts[slot[new]], sizes[new], options, histogram[slot[new]])
        following[tail[a]] = head[b]
        before = head[a]
        entry = following[before]
        while entry >= 0:
            other = root(parent, named[entry])
            if other == new or seen[other] == new:
                following[before] = following[entry]
            else:
                seen[other], named[entry], before = new, other, entry
                if waiting == keys.size:
                    waiting = _clear(keys, names, parent)
                key = _similarity(other, new, sizes, boxes, histogram, slot, options)
                waiting = _push(keys, names, waiting, key, other, new)
            entry = following[entry]
        tail[new] = before
        new += 1


@jit
def _lists(pairs, regions):
    """Link each region's own entry and its neighbours: who comes after an entry, whom it names, each list's last."""
    following, named = np.full(regions + 2 * len(pairs), -1), np.empty(regions + 2 * len(pairs), np.int64)
    tail = np.arange(regions)
    named[:regions] = tail
    for i in range(len(pairs)):
        for side in range(2):
            entry, region = regions + 2 * i + side, pairs[i, side]
            named[entry] = pairs[i, 1 - side]
            following[tail[region]] = entry
            tail[region] = entry
    return following, named, tail


@jit
def _scale(counts, size, options, out):
    """Scale a region's counts: all its colours have the sum ``ONE``, and so have all its textures."""
    colours, channels = options[0], options[1]
    for half in range(2):
        factor = (ONE << 16) // (size * channels * (ORIENTATIONS if half else 1))
        for i in range(colours if half else 0, counts.size if half else colours):
            out[i] = (counts[i] * factor) >> 16


@jit
def _cover(first, second, out):
    """Write the box around two boxes."""
    out[0], out[1] = min(first[0], second[0]), min(first[1], second[1])
    out[2], out[3] = max(first[2], second[2]), max(first[3], second[3])


@jit
def _similarity(a, b, sizes, boxes, histogram, slot, options):
    first, second, shared = histogram[slot[a]], histogram[slot[b]], np.int32(0)
    for i in range(first.size):
        shared = np.int32(shared + min(first[i], second[i]))  # of at most 2 ONE: 32 bits, eight in a vector
    area, both = options[4], sizes[a] + sizes[b]
    width = max(boxes[a, 2], boxes[b, 2]) - min(boxes[a, 0], boxes[b, 0])
    height = max(boxes[a, 3], boxes[b, 3]) - min(boxes[a, 1], boxes[b, 1])
    shares = options[2] * (area - both) + options[3] * (area - width * height + both)
    return shared + shares * ONE // area


@jit
def _is_before(keys, names, i, j):
    return keys[i] > keys[j] or (keys[i] == keys[j] and names[i] < names[j])


@jit
def _exchange(keys, names, i, j):
    keys[i], keys[j] = keys[j], keys[i]
    names[i], names[j] = names[j], names[i]


@jit
def _push(keys, names, waiting, key, a, b):
    """Add a pair to the heap; return how many wait in it."""
    i = waiting
    keys[i], names[i] = key, (a << 32) | b
    while i and _is_before(keys, names, i, (i - 1) // 2):
        _exchange(keys, names, i, (i - 1) // 2)
        i = (i - 1) // 2
    return waiting + 1


@jit
def _pop(keys, names, waiting):
    """Take the top away; return how many wait."""
    keys[0], names[0] = keys[waiting - 1], names[waiting - 1]
    _sink(keys, names, 0, waiting - 1)
    return waiting - 1


@jit
def _sink(keys, names, i, waiting):
    while 2 * i + 1 < waiting:
        child = 2 * i + 1
        if child + 1 < waiting and _is_before(keys, names, child + 1, child):
            child += 1
        if not _is_before(keys, names, child, i):
            break
        _exchange(keys, names, i, child)
        i = child


@jit
def _clear(keys, names, parent):
    """Take away every pair with a region that is gone; return how many still wait."""
    waiting = 0
    for i in range(keys.size):
        a, b = names[i] >> 32, names[i] & 0xFFFFFFFF
        if parent[a] == a and parent[b] == b:
            keys[waiting], names[waiting] = keys[i], names[i]
            waiting += 1
    for i in range(waiting // 2 - 1, -1, -1):
        _sink(keys, names, i, waiting)
    return waiting
