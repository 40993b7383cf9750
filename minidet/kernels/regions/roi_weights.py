"""How much each row, and each column, of a map counts in the mean of the samples of a region's bins.

A sample lies between two rows: both count, by how near they are. The rows of a bin's samples follow each other, so that
a bin is a span of rows with as many weights; of a region far larger than the map, only samples on it are looked at.
"""

from __future__ import annotations

import numpy as np

from ..launch.jit import exact, jit
from ..reference.regions.roi import frames


def tables(rois, scale, output_size, sampling_ratio, aligned, size):
    """Return for rows and for columns ``(spans, weights)``.

    ``spans[r, p]`` is the first row of a bin, the one behind its last, and where its weights start in ``weights``.
    """
    axes = []
    per_axis = zip(*frames(rois, scale, output_size, sampling_ratio, aligned), output_size, size, strict=True)
    for start, extent, count, bins, length in per_axis:
        spans = np.zeros((len(rois), bins, 3), np.int64)
        start, extent, count = (array.astype(np.float64) for array in (start, extent, count))
        total = _measure(start, extent, count, length, spans)
        weights = np.zeros(total, rois.dtype)
        _weigh(start, extent, count, length, spans, weights)
        axes.append((spans, weights))
    return axes


@exact
def _position(origin, i, step):
    """Return where a sample lies. One on the map's border counts, one behind it does not: rounded as the twin does."""
    return origin + (i + 0.5) * step


@exact
def _samples(start, size, count, p, length):
    """Return the first sample's position, the step, and the range of those that may lie inside the map."""
    origin, step = start + p * size, size / max(count, 1.0)
    first, last = 0.0, count
    if step > 0:
        first = max(np.floor((-1 - origin) / step - 1), 0.0)
        last = min(np.ceil((length - origin) / step + 1), count)
    if not first < last:
        return origin, step, 0, 0
    return origin, step, np.int64(first), np.int64(last)


@jit
def _measure(start, size, count, length, spans):
    """Write the rows of each bin, and where its weights are to be; return how many weights there are."""
    total = 0
    for r in range(spans.shape[0]):
        for p in range(spans.shape[1]):
            origin, step, first, last = _samples(start[r], size[r], count[r], p, length)
            low, high = length, 0
            for i in range(first, last):
                y = _position(origin, i, step)
                if y >= -1 and y <= length:
                    row = min(np.int64(max(y, 0.0)), length - 1)
                    low, high = min(low, row), max(high, min(row + 2, length))
            low = min(low, high)
            spans[r, p, 0], spans[r, p, 1], spans[r, p, 2] = low, high, total
            total += high - low
    return total


@jit
def _weigh(start, size, count, length, spans, weights):
    """Add up each sample's weight of the two rows beside it."""
    for r in range(spans.shape[0]):
        for p in range(spans.shape[1]):
            origin, step, first, last = _samples(start[r], size[r], count[r], p, length)
            place = spans[r, p, 2] - spans[r, p, 0]
            for i in range(first, last):
                y = _position(origin, i, step)
                if y >= -1 and y <= length:
                    y = max(y, 0.0)
                    row = min(np.int64(y), length - 1)
                    part = y - row if row < length - 1 else 0.0
                    weights[place + row] += (1 - part) / count[r]
                    if part > 0:
                        weights[place + row + 1] += part / count[r]
