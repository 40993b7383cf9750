"""Features of regions, in plain NumPy: the largest value, or the mean of samples, of every bin of a grid on a region.

Regions are ``rois`` (R, 5), in the dtype of the image: the image's number in the batch, and x1, y1, x2, y2 in pixels of
the picture, of which ``scale`` makes cells of the map. What is rounded to a whole number is computed in that dtype, as
torchvision does: in float32, 70 * 0.1 is 7.
"""

from __future__ import annotations

import numpy as np

#: Beyond any map: corners that lie farther away are taken for this.
FAR = 2.0**40


def windows(rois, scale, output_size, size):
    """Return the first row of each bin and the one behind its last, (2, R, PH), and the same for columns, (2, R, PW).

    The corners are rounded to cells, halves away from 0, and the last cell belongs to the region.
    """
    corners = (rois[:, 1:] * rois.dtype.type(scale)).astype(np.float64)
    corners = np.clip(np.copysign(np.floor(np.abs(corners) + 0.5), corners), -FAR, FAR)
    result = []
    for first, last, bins, length in zip(corners[:, 1::-1].T, corners[:, :1:-1].T, output_size, size, strict=True):
        extent = np.maximum(last - first + 1, 1).astype(rois.dtype)
        step = (extent / rois.dtype.type(bins))[:, None]  # (R, 1)
        number = np.arange(bins + 1, dtype=rois.dtype)
        edges = np.stack([np.floor(number[:-1] * step), np.ceil(number[1:] * step)]).astype(np.float64)
        result.append(np.clip(edges + first[:, None], 0, length).astype(np.int64))
    return result


def roi_pool(x, rois, scale, output_size, with_indices=True):
    """Return ``(values, indices)``, (R, C, PH, PW): the largest value of each bin, and where it is in H * W, or None.

    An empty bin is 0, at -1. The first of equal values wins; a NaN wins over everything (the last one).
    """
    rows, columns = windows(rois, scale, output_size, x.shape[2:])
    values = np.zeros((len(rois), x.shape[1], *output_size), x.dtype)
    indices = np.full(values.shape, -1, np.int32)
    for r, i, j in np.ndindex(len(rois), *output_size):
        (top, bottom), (left, right) = rows[:, r, i], columns[:, r, j]
        if top < bottom and left < right:
            window = x[int(rois[r, 0]), :, top:bottom, left:right].reshape(x.shape[1], (bottom - top) * (right - left))
            is_nan = np.isnan(window)
            last_nan = window.shape[1] - 1 - is_nan[:, ::-1].argmax(1)
            at = np.where(is_nan.any(1), last_nan, np.where(is_nan, -np.inf, window).argmax(1))
            values[r, :, i, j] = window[np.arange(len(at)), at]
            indices[r, :, i, j] = (top + at // (right - left)) * x.shape[3] + left + at % (right - left)
    return values, indices if with_indices else None


def roi_pool_grad(grad, rois, indices, input_shape):
    """Add each gradient where its value came from: (R, C, PH, PW) -> ``input_shape``. Bins overlap, so they add up."""
    out = np.zeros(input_shape, grad.dtype)
    planes = out.reshape(*input_shape[:2], input_shape[2] * input_shape[3])
    image = np.broadcast_to(rois[:, 0].astype(np.int64)[:, None, None, None], grad.shape)
    channel = np.broadcast_to(np.arange(input_shape[1])[:, None, None], grad.shape)
    some = indices >= 0
    np.add.at(planes, (image[some], channel[some], indices[some]), grad[some])
    return out


def frames(rois, scale, output_size, sampling_ratio, aligned):
    """Return where each region starts, how large a bin is, and how many samples it has: (2, R), rows, then columns."""
    kind = rois.dtype.type
    corners = rois[:, 1:] * kind(scale) - kind(0.5 if aligned else 0)
    start, extent = corners[:, 1::-1].T, (corners[:, 2:] - corners[:, :2])[:, ::-1].T
    if not aligned:
        extent = np.maximum(extent, kind(1))
    size = extent / np.array(output_size, rois.dtype)[:, None]
    count = np.full(size.shape, kind(sampling_ratio)) if sampling_ratio > 0 else np.maximum(np.ceil(size), 0)
    return np.ascontiguousarray(start), np.ascontiguousarray(size), np.ascontiguousarray(count)


def axis_weights(start, size, count, bins, length):
    """Return (bins, length): the weight of each row of a map in the mean of each bin's samples, along one axis.

    The samples lie in the middle of ``count`` equal parts of a bin, and between two rows each. One that lies more than
    a row outside the map is 0, and counts.
    """
    weights = np.zeros((bins, length))
    for p in range(bins):
        origin, step = float(start) + p * float(size), float(size) / max(float(count), 1)
        first, last = 0, int(min(count, FAR))
        if step > 0:  # the others lie outside
            first = int(np.clip(np.floor((-1 - origin) / step - 1), 0, FAR))
            last = int(np.clip(np.ceil((length - origin) / step + 1), 0, last))
        for i in range(first, last):
            y = origin + (i + 0.5) * step
            if -1 <= y <= length:
                low = min(int(max(y, 0)), length - 1)
                part = max(y, 0) - low if low < length - 1 else 0
                weights[p, low] += (1 - part) / count
                weights[p, min(low + 1, length - 1)] += part / count
    return weights


def _weights(rois, scale, output_size, sampling_ratio, aligned, size):
    """Yield for each region (PH, H) and (PW, W): a mean of samples of samples is a product of three matrices."""
    start, extent, count = frames(rois, scale, output_size, sampling_ratio, aligned)
    for r in range(len(rois)):
        yield [axis_weights(start[a, r], extent[a, r], count[a, r], output_size[a], size[a]) for a in range(2)]


def roi_align(x, rois, scale, output_size, sampling_ratio, aligned):
    """Return (R, C, PH, PW): the mean of each bin's bilinear samples."""
    out = np.empty((len(rois), x.shape[1], *output_size), x.dtype)
    for r, (rows, columns) in enumerate(_weights(rois, scale, output_size, sampling_ratio, aligned, x.shape[2:])):
        out[r] = rows @ x[int(rois[r, 0])] @ columns.T
    return out


def roi_align_grad(grad, rois, scale, sampling_ratio, aligned, input_shape):
    """Add each bin's gradient to what it was the mean of: (R, C, PH, PW) -> ``input_shape``."""
    out = np.zeros(input_shape)
    each = _weights(rois, scale, grad.shape[2:], sampling_ratio, aligned, input_shape[2:])
    for r, (rows, columns) in enumerate(each):
        out[int(rois[r, 0])] += rows.T @ grad[r] @ columns
    return out.astype(grad.dtype)
