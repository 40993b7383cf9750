"""Calls of what detection does with pictures: features of regions, segments, proposals, masks as run lengths."""

import numpy as np

from minidet import ops
from minidet.kernels.reference import gaussian
from minidet.kernels.reference.regions import roi, segments
from minidet.ops import rle

from .boxes import boxes, must, operation


def regions(d, special):
    x = d.array(
        (d.pick(1, 2, 3), d.pick(1, 2, 5, 32, 33), d.between(1, 7), d.between(1, 7)), d.float(), d.values(special)
    )
    each = [boxes(d, d.below(4), grad=False) for _ in range(x.shape[0] + d.maybe(2))]
    options = {"joined": True} if d.maybe(50) else {}
    return (x, each, d.pick(2, 1, (3, 2), 7), d.pick(1.0, 0.5, 0.3, 2.0)), options


def pooling(d):
    return regions(d, True)


def aligning(d):
    args, options = regions(d, False)  # a NaN goes as far as a weight of 0 goes: not the same in sums and in products
    return (*args, d.pick(2, -1, 1, 0, 5), d.maybe(50)), options


def one_list(function):
    """Return ``function`` that takes boxes of each image, and gives them on as regions (R, 5) if they are to be joined."""

    def call(x, each, *options, joined=False):
        if not joined:
            return function(x, each, *options)
        rows = [np.concatenate([np.full((len(b), 1), i), b.numpy()], 1) for i, b in enumerate(each)]
        return function(x, np.concatenate(rows), *options)

    return call


def of_regions(function):
    """Return the reference for boxes of each image."""

    def reference(x, each, size, scale, *options, joined=False):
        must(all(np.isfinite(b).all() for b in each))
        must(sum(len(b) for b in each[x.shape[0] :]) == 0 if joined else len(each) == x.shape[0])
        rois = np.concatenate([np.concatenate([np.full((len(b), 1), i), b], 1) for i, b in enumerate(each)])
        size = size if isinstance(size, tuple) else (size, size)
        return function(x, rois.astype(x.dtype), scale, size, *options)

    return reference


# segments and masks ------------------------------------------------------------------------------------------------


def picture(d):
    """Draw an odd picture: a few pixels, a strip, one colour, two colours; rarely one that is none."""
    shape = d.pick(3, 3, 3, 3, 1) if d.maybe(10) else 3, d.pick(5, 1, 2, 9, 16), d.pick(6, 1, 2, 8, 17)
    kind = d.pick("uniform", "whole") if not d.maybe(4) else "special"
    return d.array(shape, d.float() if d.maybe(95) else "uint8", kind, low=0, high=1 + (kind == "whole"), grad=False)


def is_picture(x):
    must(x.shape[0] == 3 and x.dtype.kind == "f" and np.isfinite(x).all() and x.min() >= -0.5 and x.max() <= 1.5)


def segmenting(d):
    x = picture(d)
    sigma = 0 if x.values == "whole" else d.pick(0.8, 0, 2.0)  # smoothed squares are nearly ties
    return (x, d.pick(1.0, 100.0, 0.0), sigma, d.pick(20, 0, 1, 5)), {}


def segmented(x, scale, sigma, min_size):
    is_picture(x)
    weights = segments.edge_weights(gaussian.gaussian(x, sigma))
    return segments.segment(*segments.sort_edges(weights), x.shape[1:], scale / 255, min_size)[0]


def searching(d):
    return (picture(d), d.pick("single", "fast")), {"min_side": d.pick(0.0, 3.0)} if d.maybe(30) else {}


def what_is_wrong(x, mode, min_side=0.0):
    """Count the boxes that are small, outside, or there twice; without a limit, the whole picture has to be there."""
    b = ops.selective_search(x, mode, min_side=min_side, rng=np.random.default_rng(0)).numpy()
    height, width = x.shape[1:]
    outside = (b < 0) | (b > [width, height] * 2)
    narrow = b[:, 2:] - b[:, :2] < max(min_side, 1)
    whole = (b == [0, 0, width, height]).all(1).any()
    return np.array([outside.sum(), narrow.sum(), len(b) - len(np.unique(b, axis=0)), min_side == 0 and not whole])


def nothing_is_wrong(x, mode, min_side=0.0):
    is_picture(x)
    return np.zeros(4)


def masks(d):
    shape = d.below(9), d.below(9)
    return (
        [d.array(shape, d.pick("bool", "uint8", "int64"), "whole", low=0, high=2) for _ in range(d.between(1, 3))],
    ), {}


def there_and_back(each):
    runs = [rle.rle_encode(mask) for mask in each]
    return rle.rle_decode(runs), rle.rle_area(runs), rle.rle_iou(runs, runs)


def pixel_by_pixel(each):
    must(all(mask.size for mask in each))
    flat = np.array([mask != 0 for mask in each]).reshape(len(each), -1).astype(np.float64)
    union = flat.sum(1)[:, None] + flat.sum(1) - flat @ flat.T
    return np.array([mask != 0 for mask in each]), flat.sum(1), flat @ flat.T / np.maximum(union, 1)


OPERATIONS = [
    operation("roi_pool", pooling, of_regions(lambda *a: roi.roi_pool(*a)[0]), one_list(ops.roi_pool), steps=True),
    operation("roi_align", aligning, of_regions(roi.roi_align), one_list(ops.roi_align), steps=True),
    operation("felzenszwalb", segmenting, segmented),
    operation("selective_search", searching, nothing_is_wrong, what_is_wrong),
    operation("rle", masks, pixel_by_pixel, there_and_back),
]
