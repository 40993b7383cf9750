"""How much each class should count, from how often it is seen."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, check_index_range, check_integer, check_rank, integer

MOST_CLASSES = 2**20  # more is a mistake


def median_frequency_weights(labels: Iterable, num_classes: int, ignore_index: int | None = None) -> np.ndarray:
    """Return a weight for each class, so that rare ones count: median frequency balancing.

    The frequency of class c is the number of its pixels, divided by the number of all pixels of the images in which it
    appears::

        weight(c) = median over all classes of freq / freq(c)

    So a class that is small where it appears gets a large weight, but one that just appears in few images does not.
    The median class has weight 1 (Eigen and Fergus, Predicting depth, surface normals and semantic labels with a common
    multi-scale convolutional architecture, ICCV 2015, section 6.3.2).

    Parameters
    ----------
    labels : iterable of ndarray or Tensor, int (H, W)
        One per image; a generator is enough, each is looked at once.
    num_classes : int
        K; labels are 0 .. K - 1.
    ignore_index : int, optional
        A label that belongs to no class (void). Its pixels still count among the pixels of an image.

    Returns
    -------
    ndarray float32 (K,)
        The ``weight`` of :func:`~minidet.nn.functional.cross_entropy`. A class that never appears has weight 1, and is
        left out of the median.

    Raises
    ------
    ValueError
        If no pixel of any class was seen.
    """
    op = "median_frequency_weights"
    num_classes = integer(op, "num_classes", num_classes, low=1)
    if num_classes > MOST_CLASSES:
        raise bad_argument(op, "num_classes", f"is {num_classes}", f"an integer <= {MOST_CLASSES}")
    if ignore_index is not None:
        integer(op, "ignore_index", ignore_index, -(2**63))
    if not hasattr(labels, "__iter__") or (isinstance(labels, np.ndarray) and labels.ndim == 0):
        raise bad_argument(op, "labels", f"is a {type(labels).__name__}", "an iterable of arrays", error=TypeError)
    pixels = np.zeros(num_classes, np.int64)
    around = np.zeros(num_classes, np.int64)  # pixels of the images in which the class appears
    for image in labels:
        image = as_array(op, "labels", image)
        check_rank(op, "labels", image, 2, letters="(H, W)")
        check_integer(op, "labels", image)
        known = image.ravel() if ignore_index is None else image[image != ignore_index]
        check_index_range(op, "labels", known, 0, num_classes)
        counts = np.bincount(known.astype(np.int64), minlength=num_classes)
        pixels += counts
        around += np.where(counts > 0, image.size, 0)
    seen = pixels > 0
    if not seen.any():
        raise bad_argument(op, "labels", "hold no pixel of any class", "at least one image with a class")
    frequency = pixels[seen] / around[seen]
    weights = np.ones(num_classes, np.float32)
    weights[seen] = np.median(frequency) / frequency
    return weights
