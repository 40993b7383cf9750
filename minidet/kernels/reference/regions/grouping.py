"""Selective search's regions in plain NumPy: what is known of each, which touch, and how they are grouped.

Everything is counted in integers, so that the order of grouping depends on no rounding. A similarity is a number of
``1 / ONE``. A histogram is kept as counts of pixels; only where two are compared it is scaled to the sum ``ONE``.
"""

from __future__ import annotations

import heapq

import numpy as np

from .segments import DIRECTIONS

ONE = 1 << 24
#: Bins of a channel's colours; of one orientation's responses; orientations, 45 degrees apart.
COLOURS, RESPONSES, ORIENTATIONS = 25, 10, 8
#: A channel whose largest response is below a step of one grey level has no texture.
LEAST = 1 / 255
DIAGONAL = np.sqrt(0.5)


def bins(image, gx, gy):
    """Return each pixel's bins: uint8 (H W, 9 C), the C channels' colours, then C times 8 orientations.

    Colours in [0, 1] have 25 bins. Responses to a Gaussian derivative, where positive, have 10, up to the channel's
    largest one.
    """
    channels = image.shape[0]
    colours = np.clip(image * np.float32(COLOURS), 0, COLOURS - 1)
    half = np.stack([gx, (gx + gy) * DIAGONAL, gy, (gy - gx) * DIAGONAL], 1)  # (C, 4, H, W)
    responses = np.concatenate([half, -half], 1)
    scale = RESPONSES / np.maximum(responses.max((1, 2, 3), keepdims=True), LEAST)
    textures = np.clip(responses * scale, 0, RESPONSES - 1).reshape(ORIENTATIONS * channels, *image.shape[1:])
    return np.concatenate([colours, textures]).astype(np.uint8).reshape(9 * channels, -1).T


def first_columns(channels):
    """Return the first column of each histogram, and how many columns there are: (9 C,), 105 C."""
    lengths = [COLOURS] * channels + [RESPONSES] * (ORIENTATIONS * channels)
    return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64), sum(lengths)


def histograms(bins, labels, count):
    """Count each region's pixels in each bin: int32 (R, 105 C)."""
    first, columns = first_columns(bins.shape[1] // (1 + ORIENTATIONS))
    out = np.zeros((count, columns), np.int32)
    np.add.at(out, (labels.reshape(-1, 1), first + bins), 1)
    return out


def extents(labels, count):
    """Return each region's pixels, int64 (R,), and its box ``(x1, y1, x2, y2)``, int64 (R, 4)."""
    boxes = np.empty((count, 4), np.int64)
    for region in range(count):
        y, x = np.nonzero(labels == region)
        boxes[region] = x.min(), y.min(), x.max() + 1, y.max() + 1
    return np.bincount(labels.ravel(), minlength=count), boxes


def adjacency(labels, count):
    """Return the pairs of regions that touch, at a side or a corner of a pixel: int32 (E, 2), smaller first, sorted."""
    height, width = labels.shape
    found = set()
    for down, right in DIRECTIONS:
        here = labels[: height - down, max(0, -right) : width - max(0, right)]
        there = labels[down:, max(0, right) : width + min(0, right)]
        different = here != there
        low, high = np.minimum(here, there)[different], np.maximum(here, there)[different]
        found.update(zip(low.tolist(), high.tolist(), strict=True))
    return np.array(sorted(found), np.int32).reshape(-1, 2)


def scaled(counts, size, colours, channels):
    """Scale a region's counts: all its colours have the sum ``ONE``, and so have all its textures."""
    channels_of = np.where(np.arange(len(counts)) < colours, channels, ORIENTATIONS * channels)
    return counts.astype(np.int64) * ((ONE << 16) // (size * channels_of)) >> 16


def group(sizes, boxes, pairs, counts, colours, channels, uses_size, uses_fill, area):
    """Join the two most similar regions that touch, until there is one; of equal pairs, the older regions.

    Parameters
    ----------
    sizes, boxes, pairs
        Of R regions: see :func:`extents` and :func:`adjacency`.
    counts : int32 (R, D)
        The histograms that are compared: ``colours`` columns of colour, the others of texture. D may be 0.
    colours, channels : int
        Columns of colour; channels that the histograms are of.
    uses_size, uses_fill : bool
        Whether small regions, and those that fill their common box, are similar.
    area : int
        The image's pixels.

    Returns
    -------
    boxes : int64 (2 R - 1, 4)
        Of the R regions, then of each that was made of two others.
    children : int32 (R - 1, 2)
        Which two.
    """
    sizes, boxes, counts = list(sizes.tolist()), [tuple(box) for box in boxes.tolist()], list(counts)
    histogram = [scaled(row, size, colours, channels) for row, size in zip(counts, sizes, strict=True)]
    neighbours = [set() for _ in sizes]
    for a, b in pairs.tolist():
        neighbours[a].add(b)
        neighbours[b].add(a)

    def joined(a, b):
        (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = boxes[a], boxes[b]
        return min(ax1, bx1), min(ay1, by1), max(ax2, bx2), max(ay2, by2)

    def similarity(a, b):
        x1, y1, x2, y2 = joined(a, b)
        both, box = sizes[a] + sizes[b], (x2 - x1) * (y2 - y1)
        shares = bool(uses_size) * (area - both) + bool(uses_fill) * (area - box + both)
        return int(np.minimum(histogram[a], histogram[b]).sum()) + shares * ONE // area

    heap = [(-similarity(a, b), a, b) for a, b in pairs.tolist()]
    heapq.heapify(heap)
    children, alive = [], [True] * len(sizes)
    while heap:
        _, a, b = heapq.heappop(heap)
        if not (alive[a] and alive[b]):
            continue
        new = len(sizes)
        children.append((a, b))
        alive[a] = alive[b] = False
        alive.append(True)
        boxes.append(joined(a, b))
        sizes.append(sizes[a] + sizes[b])
        counts.append(counts[a] + counts[b])
        histogram.append(scaled(counts[new], sizes[new], colours, channels))
        neighbours.append((neighbours[a] | neighbours[b]) - {a, b})
        for other in neighbours[new]:
            neighbours[other] = neighbours[other] - {a, b} | {new}
            heapq.heappush(heap, (-similarity(other, new), other, new))
    return np.array(boxes, np.int64), np.array(children, np.int32).reshape(-1, 2)
