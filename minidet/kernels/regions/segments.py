"""Felzenszwalb and Huttenlocher's segments, compiled.

    weights      one pass over the image for each of four directions
    sort         the bits of a float >= 0, read as an integer, have the float's order: a radix sort, three passes
    segment      one pass over the edges, union-find with the larger root on top and paths halved; one more to tidy up

The sorted edges serve every scale.
"""

from __future__ import annotations

import numpy as np

from ..launch.jit import jit

__all__ = ["edge_weights", "segment", "sort_edges"]

DIGITS = 2048  # 11 bits a pass
LAST = np.uint32(DIGITS - 1)


def edge_weights(x):
    """Return the distance of neighbouring pixels' colours: float64 (C, H, W) -> float32 (4, H, W), inf outside."""
    out = np.empty((4, *x.shape[1:]), np.float32)
    _edge_weights(x, out)
    return out


@jit
def _edge_weights(x, out):
    channels, height, width = x.shape
    for d in range(4):
        down, right = 1 if d > 0 else 0, (1, 0, 1, -1)[d]
        first, last = max(0, -right), width - max(0, right)
        squares = np.empty(width)
        for y in range(height):
            row = out[d, y]
            if y + down == height or first >= last:
                row[:] = np.inf
                continue
            squares[:] = 0
            for c in range(channels):
                here, there = x[c, y], x[c, y + down]
                for j in range(first, last):
                    squares[j] += (there[j + right] - here[j]) ** 2
            row[0] = row[width - 1] = np.inf
            for j in range(first, last):
                row[j] = np.sqrt(squares[j])


def sort_edges(weights):
    """Return the weights, lightest first, and the edges' numbers, int32; of equal ones the first number is first."""
    keys, order = _sort(weights.reshape(-1).view(np.uint32))
    return keys.view(np.float32), order


@jit
def _sort(keys):
    count = np.zeros((3, DIGITS), np.int64)
    for key in keys:
        count[0, key & LAST] += 1
        count[1, (key >> np.uint32(11)) & LAST] += 1
        count[2, key >> np.uint32(22)] += 1
    order = np.arange(keys.size).astype(np.int32)
    other_keys, other_order = np.empty_like(keys), np.empty_like(order)
    _scatter(keys, order, count[0], np.uint32(0), other_keys, other_order)
    keys = np.empty_like(keys)
    _scatter(other_keys, other_order, count[1], np.uint32(11), keys, order)
    _scatter(keys, order, count[2], np.uint32(22), other_keys, other_order)
    return other_keys, other_order


@jit
def _scatter(keys, order, count, shift, out_keys, out_order):
    """Move everything behind what has a smaller digit; ``count`` says how many have each digit."""
    place = np.cumsum(count) - count
    for i in range(keys.size):
        digit = (keys[i] >> shift) & LAST
        out_keys[place[digit]] = keys[i]
        out_order[place[digit]] = order[i]
        place[digit] += 1


def segment(weights, order, size, scale, min_size):
    """Join pixels along sorted edges; return labels, int32 (H, W), numbered by their first pixels, and how many.

    Two segments are joined if the edge is no heavier than the heaviest inside either one plus ``scale / pixels``.
    Afterwards those of fewer than ``min_size`` pixels are joined along the lightest edge to another one.
    """
    labels = np.empty(size, np.int32)
    return labels, _segment(weights, order, float(scale), int(min_size), labels)


@jit
def root(parent, p):
    """Return the root of a tree of union-find; on the way, everybody moves up to its grandparent."""
    while parent[p] != p:
        parent[p] = parent[parent[p]]
        p = parent[p]
    return p


@jit
def _segment(weights, order, scale, min_size, labels):
    height, width = labels.shape
    area = height * width
    parent = np.arange(area).astype(np.int32)
    pixels, limit = np.ones(area, np.int32), np.full(area, scale)
    there = np.array([1, width, width + 1, width - 1])
    left = np.empty(order.size, np.int32)  # edges that joined nothing: only they may join small segments later
    edges = 0
    for i in range(order.size):
        if weights[i] == np.inf:
            break
        p, q = _ends(order[i], area, there)
        a, b = root(parent, p), root(parent, q)
        if a == b:
            continue
        if weights[i] <= min(limit[a], limit[b]):
            a = _union(parent, pixels, a, b)
            limit[a] = weights[i] + scale / pixels[a]
        else:
            left[edges] = order[i]
            edges += 1
    for i in range(edges):
        p, q = _ends(left[i], area, there)
        a, b = root(parent, p), root(parent, q)
        if a != b and min(pixels[a], pixels[b]) < min_size:
            _union(parent, pixels, a, b)
    return _number(parent, labels)


@jit
def _ends(edge, area, there):
    """Return the two pixels of an edge; without a branch, which nobody could predict."""
    edge = np.int64(edge)
    direction = np.int64(edge >= area) + np.int64(edge >= 2 * area) + np.int64(edge >= 3 * area)
    p = edge - direction * area
    return p, p + there[direction]


@jit
def _union(parent, pixels, a, b):
    """Put the smaller tree below the larger one's root, which is returned."""
    if pixels[a] < pixels[b]:
        a, b = b, a
    parent[b] = a
    pixels[a] += pixels[b]
    return a


@jit
def _number(parent, labels):
    """Write the number of each pixel's segment, counted by first pixels; return how many there are."""
    flat, number = labels.reshape(-1), np.full(parent.size, -1, np.int32)
    count = 0
    for p in range(parent.size):
        r = root(parent, p)
        if number[r] < 0:
            number[r] = count
            count += 1
        flat[p] = number[r]
    return count
