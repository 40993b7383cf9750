"""Segments of an image by its colours alone."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..autograd import Tensor, tensor
from ..autograd.as_array import as_array
from ..errors import bad_argument, check_float, integer, number

MOST_PIXELS = 2**28  # an image has four edges a pixel, which are numbered in 31 bits
OVERSHOOT = 0.5  # a resized picture may leave [0, 1] a little


def felzenszwalb(image, scale: float = 1.0, sigma: float = 0.8, min_size: int = 20) -> Tensor:
    """Cut an image into segments of similar colour.

    ::

        every pixel is a segment; edges lead to its 8 neighbours, as heavy as their colours differ
        for each edge, the lightest first: join its two ends' segments if
            weight <= heaviest edge joined inside + scale / 255 / pixels          of each of the two
        for each edge, the lightest first: join its ends' segments if one has fewer than min_size pixels

    Parameters
    ----------
    image : Tensor
        RGB, (3, H, W), floats in [0, 1].
    scale : float
        The larger, the larger the segments; for colours from 0 to 255, as in the paper (where it is k).
    sigma : float
        Deviation of the Gaussian that smooths the image first, in pixels. 0: none.
    min_size : int
        Pixels.

    Returns
    -------
    Tensor
        int64, (H, W): each pixel's segment. They are numbered from 0 in the order of their first pixels.

    Raises
    ------
    TypeError, ValueError
        The image is no such image: it holds integers, NaN, or numbers far outside of [0, 1].

    Notes
    -----
    Names, order and defaults of the arguments are scikit-image's, and so are the segments. Where an edge is exactly as
    heavy as the bound, this joins, as in the paper; scikit-image does not.

    P. F. Felzenszwalb and D. P. Huttenlocher, Efficient Graph-Based Image Segmentation, IJCV 59(2), 2004.
    """
    op = "felzenszwalb"
    image = checked_image(op, image)
    scale, sigma = number(op, "scale", scale, 0.0, 1e9), number(op, "sigma", sigma, 0.0, 1e3)
    min_size = integer(op, "min_size", min_size, 0, 2**31 - 1)
    labels, _ = kernels.segments.segment(*edges_of(image, sigma), image.shape[1:], scale / 255, min_size)
    return tensor(labels.astype(np.int64))


def edges_of(image: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of an image's edges, lightest first, and their numbers: they serve every scale."""
    smooth = kernels.gaussian.gaussian(np.ascontiguousarray(image, np.float64), sigma)
    return kernels.segments.sort_edges(kernels.segments.edge_weights(smooth))


def checked_image(op: str, image) -> np.ndarray:
    """Return an image as an array, or raise unless it is floats (3, H, W) in [0, 1]."""
    image = as_array(op, "image", image)
    if image.ndim != 3 or image.shape[0] != 3 or 0 in image.shape:
        raise bad_argument(op, "image", f"has shape {image.shape}", "(3, H, W), at least one pixel")
    if image.dtype.kind != "f":
        why = "divide an image of 0 to 255 by 255"
        raise bad_argument(op, "image", f"has dtype {image.dtype}", "float32 in [0, 1]", why, TypeError)
    check_float(op, image=image)
    if image[0].size > MOST_PIXELS:
        raise bad_argument(op, "image", f"has shape {image.shape}", f"at most {MOST_PIXELS:,} pixels")
    low, high = image.min(), image.max()
    if not (low >= -OVERSHOOT and high <= 1 + OVERSHOOT):  # written so that nan fails
        raise bad_argument(op, "image", f"has values from {low:g} to {high:g}", "RGB in [0, 1]")
    return image
