"""Features of regions: 32 channels at a time, so that a vector holds channels, whatever the shape of a region.

    for image, for 32 of its channels (parallel)
      copy the rows that regions need, turned: a map (H, W, 32)       <- a region's cells become runs of memory
      for region of the image
        roi_align, for a row of bins
          rows of the map, each times its weight, added up            <- one run for all columns of the region
          for bin: columns of this sum, each times its weight, added up
        roi_pool, for bin
          for cell: keep the larger of 32 values, and its position, if there will be a gradient
      turn the region's bins back

The mean of a bin's samples is separable: a sample lies between two rows and between two columns, and whether it lies
outside the map is asked for each axis. So rows have weights, which depend on neither the channel nor the column; they
are computed once. A bin of b x b cells costs about b (b + 2) products, not four for each sample. Backward does the same
the other way round: a row of bins is spread over columns, and this over rows. A task owns its channels: regions that
overlap add up, in the same order on any number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from ..launch.jit import jit, parallel
from ..launch.workspace import empty
from ..reference.regions.roi import windows
from .roi_weights import tables

#: Channels that are copied, and computed, at once.
LANES = 32


def roi_pool(x, rois, scale, output_size, with_indices=True):
    """Return ``(values, indices)``, (R, C, PH, PW): the largest value of each bin, and where it is in H * W, or None.

    An empty bin is 0, at -1. The first of equal values wins; a NaN wins over everything (the last one).
    """
    values = np.empty((len(rois), x.shape[1], *output_size), x.dtype)
    flat = (len(rois), x.shape[1], output_size[0] * output_size[1])
    indices = np.empty(flat if with_indices else (0, 0, 0), np.int32)
    order, ends = _by_image(rois, len(x))
    rows, columns = windows(rois, scale, output_size, x.shape[2:])
    _pool(_read_only(x), order, ends, rows, columns, values.reshape(flat), indices)
    return values, indices.reshape(values.shape) if with_indices else None


def roi_pool_grad(grad, rois, indices, input_shape):
    """Add each gradient where its value came from: (R, C, PH, PW) -> ``input_shape``. Bins overlap, so they add up."""
    n, c, h, w = input_shape
    out = np.empty(input_shape, grad.dtype)
    flat = (len(rois), c, grad.shape[2] * grad.shape[3])
    _pool_grad(
        _read_only(grad.reshape(flat)),
        _read_only(indices.reshape(flat)),
        *_by_image(rois, n),
        out.reshape(n * c, h * w),
    )
    return out


def roi_align(x, rois, scale, output_size, sampling_ratio, aligned):
    """Return (R, C, PH, PW): the mean of each bin's bilinear samples."""
    out = np.empty((len(rois), x.shape[1], *output_size), x.dtype)
    axes = tables(rois, scale, output_size, sampling_ratio, aligned, x.shape[2:])
    flat = (len(rois), x.shape[1], output_size[0] * output_size[1])
    _align(_read_only(x), *_by_image(rois, len(x)), *axes, out.reshape(flat))
    return out


def roi_align_grad(grad, rois, scale, sampling_ratio, aligned, input_shape):
    """Add each bin's gradient to what it was the mean of: (R, C, PH, PW) -> ``input_shape``."""
    out = np.empty(input_shape, grad.dtype)
    axes = tables(rois, scale, grad.shape[2:], sampling_ratio, aligned, input_shape[2:])
    flat = (len(rois), input_shape[1], grad.shape[2] * grad.shape[3])
    _align_grad(_read_only(grad.reshape(flat)), *_by_image(rois, input_shape[0]), *axes, out)
    return out


def _read_only(array):
    """Return a view that cannot be written to: arrays on a tape are locked, and for each kind a kernel is compiled."""
    view = array.view()
    view.flags.writeable = False
    return view


def _by_image(rois, images):
    """Return the regions' numbers, those of the first image first, and where each image's end, with a 0 before."""
    image = rois[:, 0].astype(np.int64)
    return np.argsort(image, kind="stable"), np.concatenate([[0], np.bincount(image, minlength=images).cumsum()])


# maps, turned: 32 channels of a cell lie side by side ----------------------------------------------------------------


@jit
def _first_and_last(order, spans):
    """Return the first row (or column) that some regions need, and the one behind the last."""
    low, high = np.int64(2**62), np.int64(0)
    for r in order:
        for p in range(spans.shape[1]):
            if spans[r, p, 0] < spans[r, p, 1]:
                low, high = min(low, spans[r, p, 0]), max(high, spans[r, p, 1])
    return min(low, high), high


@jit
def _turn(x, first, last, lanes, turned):
    """Write ``turned[row, column, lane] = x[lane, row, column]``, flat, for the rows from ``first`` to ``last``."""
    w = x.shape[2]
    for row in range(first, last):
        for lane in range(lanes):
            source, place = x[lane, row], (row - first) * w * lanes + lane
            for column in range(w):
                turned[place + column * lanes] = source[column]


@jit
def _add_times(out, weight, source):
    for k in range(out.size):
        out[k] += weight * source[k]


@jit
def _add_times_lanes(out, weight, source):
    """Do the same for LANES numbers: how many is known to the compiler."""
    for k in range(LANES):
        out[k] += weight * source[k]


@jit
def _add(out, weight, source):
    if out.size == LANES:
        _add_times_lanes(out, weight, source)
    else:
        _add_times(out, weight, source)


@parallel
def _align(x, order, ends, rows, columns, out):
    n, c = x.shape[:2]
    chunks = (c + LANES - 1) // LANES
    for task in prange(n * chunks):
        image, channel = np.int64(task) // chunks, np.int64(task) % chunks * LANES
        mine = order[ends[image] : ends[image + 1]]
        if mine.size > 0:
            _align_task(x[image, channel : channel + LANES], mine, rows, columns, out[:, channel : channel + LANES])


@jit
def _align_task(x, order, rows, columns, out):
    """All regions of an image, for a few of its channels."""
    lanes, _, w = x.shape
    (row_spans, row_weights), (column_spans, column_weights) = rows, columns
    bins_down, bins_across = row_spans.shape[1], column_spans.shape[1]
    top, bottom = _first_and_last(order, row_spans)
    turned = empty(max(bottom - top, 1) * w * lanes, x.dtype)
    _turn(x, top, bottom, lanes, turned)
    line, bins = empty(w * lanes, x.dtype), empty(bins_down * bins_across * lanes, x.dtype)
    for k in range(order.size):
        r = order[k]
        left, right = _first_and_last(order[k : k + 1], column_spans)
        sums = line[: (right - left) * lanes]
        bins[:] = 0
        for p in range(bins_down):
            low, high, place = row_spans[r, p, 0], row_spans[r, p, 1], row_spans[r, p, 2]
            sums[:] = 0
            for row in range(low, high):
                at = ((row - top) * w + left) * lanes
                _add_times(sums, row_weights[place + row - low], turned[at : at + sums.size])
            for q in range(bins_across):
                low, high, place = column_spans[r, q, 0], column_spans[r, q, 1], column_spans[r, q, 2]
                at = (p * bins_across + q) * lanes
                for column in range(low, high):
                    source = sums[(column - left) * lanes : (column - left + 1) * lanes]
                    _add(bins[at : at + lanes], column_weights[place + column - low], source)
        for lane in range(lanes):
            target = out[r, lane]
            for b in range(target.size):
                target[b] = bins[b * lanes + lane]


@parallel
def _align_grad(grad, order, ends, rows, columns, out):
    n, c = out.shape[:2]
    chunks = (c + LANES - 1) // LANES
    for task in prange(n * chunks):
        image, channel = np.int64(task) // chunks, np.int64(task) % chunks * LANES
        mine = order[ends[image] : ends[image + 1]]
        share = out[image, channel : channel + LANES]
        _align_grad_task(grad[:, channel : channel + LANES], mine, rows, columns, share)


@jit
def _align_grad_task(grad, order, rows, columns, out):
    lanes, h, w = out.shape
    (row_spans, row_weights), (column_spans, column_weights) = rows, columns
    bins_down, bins_across = row_spans.shape[1], column_spans.shape[1]
    turned, line = empty(h * w * lanes, out.dtype), empty(w * lanes, out.dtype)
    bins = empty(bins_down * bins_across * lanes, out.dtype)
    turned[:] = 0
    for k in range(order.size):
        r = order[k]
        left, right = _first_and_last(order[k : k + 1], column_spans)
        sums = line[: (right - left) * lanes]
        for lane in range(lanes):
            source = grad[r, lane]
            for b in range(source.size):
                bins[b * lanes + lane] = source[b]
        for p in range(bins_down):
            sums[:] = 0
            for q in range(bins_across):
                low, high, place = column_spans[r, q, 0], column_spans[r, q, 1], column_spans[r, q, 2]
                at = (p * bins_across + q) * lanes
                for column in range(low, high):
                    target = sums[(column - left) * lanes : (column - left + 1) * lanes]
                    _add(target, column_weights[place + column - low], bins[at : at + lanes])
            low, high, place = row_spans[r, p, 0], row_spans[r, p, 1], row_spans[r, p, 2]
            for row in range(low, high):
                at = (row * w + left) * lanes
                _add_times(turned[at : at + sums.size], row_weights[place + row - low], sums)
    for lane in range(lanes):
        target = out[lane].reshape(-1)
        for cell in range(h * w):
            target[cell] = turned[cell * lanes + lane]


# the largest value -------------------------------------------------------------------------------------------------


@parallel
def _pool(x, order, ends, rows, columns, values, indices):
    n, c = x.shape[:2]
    chunks = (c + LANES - 1) // LANES
    for task in prange(n * chunks):
        image, channel = np.int64(task) // chunks, np.int64(task) % chunks * LANES
        mine, last = order[ends[image] : ends[image + 1]], channel + LANES
        if mine.size > 0:
            _pool_task(x[image, channel:last], mine, rows, columns, values[:, channel:last], indices[:, channel:last])


@jit
def _pool_task(x, order, rows, columns, values, indices):
    lanes, h, w = x.shape
    turned = empty(h * w * lanes, x.dtype)
    _turn(x, 0, h, lanes, turned)
    down, across, wanted = rows.shape[2], columns.shape[2], indices.size > 0
    best, at = empty(down * across * lanes, x.dtype), empty(down * across * lanes, np.int32)
    for r in order:
        for p in range(down):
            for q in range(across):
                top, bottom, left, right = rows[0, r, p], rows[1, r, p], columns[0, r, q], columns[1, r, q]
                first = (p * across + q) * lanes
                share, places = best[first : first + lanes], at[first : first + lanes]
                _largest(turned, w, top, bottom, left, right, wanted, share, places)
        for lane in range(lanes):
            target = values[r, lane]
            for b in range(target.size):
                target[b] = best[b * lanes + lane]
            if wanted:
                place = indices[r, lane]
                for b in range(place.size):
                    place[b] = at[b * lanes + lane]


@jit
def _largest(turned, w, top, bottom, left, right, wanted, best, at):
    """Write the largest value of a window, for each of some channels, and where it is, if that is wanted."""
    lanes = best.size
    if top >= bottom or left >= right:
        best[:] = 0
        at[:] = -1
        return
    first = top * w + left
    best[:] = turned[first * lanes : (first + 1) * lanes]
    at[:] = first
    for row in range(top, bottom):
        for cell in range(row * w + left, row * w + right):
            source = turned[cell * lanes : (cell + 1) * lanes]
            if lanes != LANES:
                _offer(source, np.int32(cell), best, at)
            elif wanted:
                _offer_lanes(source, np.int32(cell), best, at)
            else:
                _raise_lanes(source, best)


@jit
def _offer(source, cell, best, at):
    for k in range(source.size):
        value, old = source[k], best[k]
        wins = value > old or value != value
        best[k] = value if wins else old
        at[k] = cell if wins else at[k]


@jit
def _offer_lanes(source, cell, best, at):
    """Do the same for LANES values: how many is known to the compiler."""
    for k in range(LANES):
        value, old = source[k], best[k]
        wins = value > old or value != value
        best[k] = value if wins else old
        at[k] = cell if wins else at[k]


@jit
def _raise_lanes(source, best):
    """Do the same without the positions."""
    for k in range(LANES):
        value, old = source[k], best[k]
        best[k] = value if value > old or value != value else old


@parallel
def _pool_grad(grad, indices, order, ends, out):
    channels = grad.shape[1]
    for plane in prange(out.shape[0]):
        image, channel = np.int64(plane) // channels, np.int64(plane) % channels
        target = out[plane]
        target[:] = 0
        for r in order[ends[image] : ends[image + 1]]:
            for b in range(grad.shape[2]):
                place = indices[r, channel, b]
                if place >= 0:
                    target[place] += grad[r, channel, b]
