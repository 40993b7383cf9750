"""Rows for the features of regions."""

import numpy as np

from minidet import ops

from .row import Bad, Row, distinct

#: Regions that overlap, that lie across the border, that are smaller than a cell, in two pictures of 24 x 28 pixels.
ROIS = np.array(
    [
        [0, 1.3, 2.1, 21.7, 19.2],
        [1, 3.1, 4.2, 25.4, 22.8],
        [0, 5.7, 5.3, 17.9, 16.4],
        [1, -9.1, -7.3, 13.2, 11.9],
        [0, 20.3, 13.2, 41.9, 33.7],
        [1, 9.2, 9.3, 9.9, 10.1],
    ]
)
SCALE, SIZE = 0.25, (2, 3)


def maps(rng):
    return [distinct(rng, (2, 2, 6, 7))]


def no_channels(rng):
    return [np.zeros((2, 0, 6, 7))]


def largest(x, rois=ROIS):
    """Write RoI pooling down, window after window."""
    out = np.zeros((len(rois), x.shape[1], *SIZE))
    for r, (image, *corners) in enumerate(rois):
        left, top, right, bottom = (int(np.floor(corner * SCALE + 0.5)) for corner in corners)
        h, w = max(bottom - top + 1, 1), max(right - left + 1, 1)
        for i, j in np.ndindex(SIZE):
            rows = slice(max(top + i * h // 2, 0), max(top - (-(i + 1) * h // 2), 0))
            columns = slice(max(left + j * w // 3, 0), max(left - (-(j + 1) * w // 3), 0))
            window = x[int(image), :, rows, columns]
            if window.size:
                out[r, :, i, j] = window.max((1, 2))
    return out


def sample(plane, y, x):
    """Return the bilinear mean of the four cells around a point, for all channels."""
    h, w = plane.shape[1:]
    if not (-1 <= y <= h and -1 <= x <= w):
        return np.zeros(len(plane))
    y, x = min(max(y, 0), h - 1), min(max(x, 0), w - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, h - 1), min(left + 1, w - 1)
    upper = plane[:, top, left] * (1 - x + left) + plane[:, top, right] * (x - left)
    lower = plane[:, bottom, left] * (1 - x + left) + plane[:, bottom, right] * (x - left)
    return upper * (1 - y + top) + lower * (y - top)


def mean_of_samples(ratio, aligned):
    """Write RoIAlign down, sample after sample."""

    def align(x, rois=ROIS):
        out = np.zeros((len(rois), x.shape[1], *SIZE))
        for r, (image, *corners) in enumerate(rois):
            left, top, right, bottom = np.array(corners) * SCALE - (0.5 if aligned else 0)
            h, w = bottom - top, right - left
            h, w = (h, w) if aligned else (max(h, 1), max(w, 1))
            down, across = (ratio, ratio) if ratio > 0 else (int(np.ceil(h / 2)), int(np.ceil(w / 3)))
            for i, j in np.ndindex(SIZE):
                for a, b in np.ndindex(down, across):
                    y, x_ = top + (i + (a + 0.5) / down) * h / 2, left + (j + (b + 0.5) / across) * w / 3
                    out[r, :, i, j] += sample(x[int(image)], y, x_) / (down * across)
        return out

    return align


X, R = np.zeros((2, 1, 4, 4), np.float32), np.array([[0.0, 0, 0, 3, 3], [1, 1, 1, 3, 3]])


def bad_regions(name, call):
    """Return calls that both operations have to refuse."""
    return (
        Bad(lambda: call(X[0], R), ValueError, rf"{name}: input has shape \(1, 4, 4\)"),
        Bad(lambda: call(X.astype(int), R), TypeError, f"{name}: input has dtype int64"),
        Bad(lambda: call(X[:, :, :0], R), ValueError, f"{name}: input has shape"),
        Bad(lambda: call(X, R[:, 1:]), ValueError, rf"{name}: boxes has shape \(2, 4\), expected \(R, 5\)"),
        Bad(lambda: call(X, [R[:, 1:]]), ValueError, f"{name}: boxes has 1 lists, expected 2: one for each image"),
        Bad(lambda: call(X, [R[:, 1:], R]), ValueError, rf"{name}: boxes\[1\] has shape \(2, 5\)"),
        Bad(lambda: call(X, [R[:, 1:], R[:, 1:] * np.nan]), ValueError, rf"{name}: boxes\[1\] contains NaN"),
        Bad(lambda: call(X, np.where(R == 3, np.nan, R)), ValueError, f"{name}: boxes contains NaN or infinity"),
        Bad(lambda: call(X, np.where(R == 3, np.inf, R)), ValueError, f"{name}: boxes contains NaN or infinity"),
        Bad(lambda: call(X, np.where(R == 3, -1e300, R)), ValueError, rf"{name}: boxes contains 1e\+300, expected"),
        Bad(
            lambda: call(X, np.add(R, [2, 0, 0, 0, 0])),
            IndexError,
            rf"{name}: boxes contains 3.0, expected integers in \[0, 2\)",
        ),
        Bad(lambda: call(X, np.subtract(R, [1, 0, 0, 0, 0])), IndexError, f"{name}: boxes contains -1.0"),
        Bad(
            lambda: call(X, np.add(R, [0.5, 0, 0, 0, 0])),
            ValueError,
            f"{name}: boxes has images' numbers that are no integers",
        ),
        Bad(lambda: call(X, R, 0), ValueError, f"{name}: output_size is 0"),
        Bad(lambda: call(X, R, 2**30), ValueError, f"{name}: output_size is"),
        Bad(lambda: call(X, R, 2, np.nan), ValueError, f"{name}: spatial_scale is nan"),
    )


def default(operation):
    return lambda x, rois, size=2, *options: operation(x, rois, size, *options)


def align_row(ratio, aligned, **more):
    """Return a row of roi_align with these options."""
    return Row(
        name="ops.roi_align",
        variant=f"{'adaptive' if ratio < 1 else ratio}{', aligned' if aligned else ''}",
        call=lambda x: ops.roi_align(x, ROIS, SIZE, SCALE, ratio, aligned),
        inputs=maps,
        reference=mean_of_samples(ratio, aligned),
        **more,
    )


ROWS = [
    Row(
        name="ops.roi_pool",
        call=lambda x: ops.roi_pool(x, ROIS, SIZE, SCALE),
        inputs=maps,
        reference=largest,
        empty=no_channels,
        bad=bad_regions("roi_pool", default(ops.roi_pool)),
    ),
    align_row(
        -1,
        False,
        empty=no_channels,
        bad=(
            *bad_regions("roi_align", default(ops.roi_align)),
            Bad(
                lambda: ops.roi_align(X, R, 2, 1.0, 5000),
                ValueError,
                "roi_align: sampling_ratio is 5000, expected at most",
            ),
            Bad(lambda: ops.roi_align(X, R, 2, 1.0, 1.5), TypeError, "roi_align: sampling_ratio is 1.5"),
            Bad(lambda: ops.roi_align(X, R, 2, 1.0, 1, "no"), TypeError, "roi_align: aligned"),
        ),
    ),
    align_row(-1, True),
    align_row(2, False),
    align_row(2, True),
]
