"""Rows for segments and proposals."""

import numpy as np

from minidet import ops
from minidet.kernels.reference import gaussian
from minidet.kernels.reference.regions import segments

from .row import Bad, Row

IMAGE = np.full((3, 4, 5), 0.5)
LARGE = np.broadcast_to(np.float32(0), (3, 2**14, 2**15))


def pictures(rng):
    """Draw noise on two halves."""
    return [rng.uniform(0, 0.4, (3, 9, 12)) + np.where(np.arange(12) < 6, 0, 0.6)]


def cut(image):
    smooth = gaussian.gaussian(image, 0.8)
    edges = segments.sort_edges(segments.edge_weights(smooth))
    return segments.segment(*edges, image.shape[1:], 200 / 255, 4)[0].astype(np.int64)


def bad_images(name, call):
    """Return calls that have to raise for every operation that takes an image."""
    return (
        Bad(lambda: call((IMAGE * 255).astype(np.uint8)), TypeError, f"{name}: image has dtype uint8, expected float"),
        Bad(lambda: call(IMAGE * 255), ValueError, f"{name}: image has values from 127.5 to 127.5, expected RGB in"),
        Bad(lambda: call(IMAGE - 2), ValueError, f"{name}: image has values from -1.5 to -1.5"),
        Bad(lambda: call(IMAGE * np.nan), ValueError, f"{name}: image has values from nan to nan"),
        Bad(lambda: call(IMAGE[0]), ValueError, rf"{name}: image has shape \(4, 5\), expected \(3, H, W\)"),
        Bad(lambda: call(IMAGE[:2]), ValueError, rf"{name}: image has shape \(2, 4, 5\), expected \(3, H, W\)"),
        Bad(lambda: call(IMAGE[:, :0]), ValueError, rf"{name}: image has shape \(3, 0, 5\), .* at least one pixel"),
        Bad(lambda: call(IMAGE.astype(np.float16)), TypeError, f"{name}: image has dtype float16, expected float32"),
        Bad(lambda: call("photo.jpg"), TypeError, f"{name}: image "),
        Bad(lambda: call(LARGE), ValueError, f"{name}: image has shape .* at most 268,435,456 pixels"),
    )


ROWS = [
    Row(
        name="ops.felzenszwalb",
        call=lambda image: ops.felzenszwalb(image, 200, 0.8, 4),
        inputs=pictures,
        reference=cut,
        differentiable=False,
        bad=(
            *bad_images("felzenszwalb", ops.felzenszwalb),
            Bad(lambda: ops.felzenszwalb(IMAGE, -1), ValueError, "felzenszwalb: scale is -1, expected a number in"),
            Bad(lambda: ops.felzenszwalb(IMAGE, 1, np.nan), ValueError, "felzenszwalb: sigma is nan"),
            Bad(lambda: ops.felzenszwalb(IMAGE, 1, 1, 2.5), TypeError, "felzenszwalb: min_size is 2.5"),
            Bad(lambda: ops.felzenszwalb(IMAGE, min_size=-1), ValueError, "felzenszwalb: min_size is -1"),
        ),
    ),
    Row(
        name="ops.selective_search",
        call=lambda image: ops.selective_search(image, "single", rng=np.random.default_rng(0)),
        inputs=pictures,
        differentiable=False,
        bad=(
            *bad_images("selective_search", ops.selective_search),
            Bad(lambda: ops.selective_search(IMAGE, "slow"), ValueError, "selective_search: mode is 'slow', expected"),
            Bad(lambda: ops.selective_search(IMAGE, min_side=-1), ValueError, "selective_search: min_side is -1"),
            Bad(lambda: ops.selective_search(IMAGE, rng=3), TypeError, "selective_search: rng is a int, expected a"),
        ),
    ),
]
