"""Felzenszwalb and Huttenlocher's segments in plain Python: pixels are joined along the lightest edges first.

An edge has a number: ``direction H W + pixel``, from the pixel to its neighbour in one of four directions; the other
four are the same edges seen from the other end.
"""

from __future__ import annotations

import numpy as np

#: Rows and columns from a pixel to its neighbour.
DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


def edge_weights(x):
    """Return the distance of neighbouring pixels' colours: float64 (C, H, W) -> float32 (4, H, W), inf outside."""
    _, height, width = x.shape
    out = np.full((4, height, width), np.inf, np.float32)
    for d, (down, right) in enumerate(DIRECTIONS):
        rows, left = slice(0, height - down), slice(max(0, -right), width - max(0, right))
        there = x[:, down:, max(0, right) : width + min(0, right)]
        out[d, rows, left] = np.sqrt(((there - x[:, rows, left]) ** 2).sum(0))
    return out


def sort_edges(weights):
    """Return the weights, lightest first, and the edges' numbers, int32; of equal ones the first number is first."""
    order = np.argsort(weights.ravel(), kind="stable").astype(np.int32)
    return weights.ravel()[order], order


def segment(weights, order, size, scale, min_size):
    """Join pixels along sorted edges; return labels, int32 (H, W), numbered by their first pixels, and how many.

    Two segments are joined if the edge is no heavier than the heaviest inside either one plus ``scale / pixels``.
    Afterwards those of fewer than ``min_size`` pixels are joined along the lightest edge to another one.
    """
    height, width = size
    parent = list(range(height * width))
    pixels, limit = [1] * len(parent), [scale] * len(parent)

    def root(p):
        while parent[p] != p:
            parent[p] = parent[parent[p]]
            p = parent[p]
        return p

    edges = [(e, w) for e, w in zip(order.tolist(), weights.tolist(), strict=True) if w != np.inf]
    for tidying in (False, True):
        for e, w in edges:
            direction, p = divmod(e, height * width)
            down, right = DIRECTIONS[direction]
            a, b = root(p), root(p + down * width + right)
            joins = min(pixels[a], pixels[b]) < min_size if tidying else w <= min(limit[a], limit[b])
            if a != b and joins:
                parent[b] = a
                pixels[a] += pixels[b]
                limit[a] = w + scale / pixels[a]
    roots = [root(p) for p in range(len(parent))]
    numbers = {r: i for i, r in enumerate(dict.fromkeys(roots))}
    return np.array([numbers[r] for r in roots], np.int32).reshape(size), len(numbers)
