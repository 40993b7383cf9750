"""Selective search: boxes where an object may be, from segments that are grouped in many ways.

::

    image -> colour spaces -> segments of several scales -> for each choice of similarities:
                 most similar two regions become one, until one is left; every region on the way has a box
    all boxes, those of late regions first (with some chance), each once

J. R. R. Uijlings, K. E. A. van de Sande, T. Gevers, A. W. M. Smeulders, Selective Search for Object Recognition, IJCV
104(2), 2013. Sections in comments are the paper's.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from .. import kernels
from ..autograd import Tensor, tensor
from ..errors import check_choice, number
from ..random import generator
from .color_spaces import color_space
from .segments import checked_image, edges_of

SIGMA = 0.8  # of the segments' smoothing (3.1)
TEXTURE_SIGMA = 1.0  # of the Gaussian derivatives (3.2)
COLOURS = kernels.grouping.COLOURS


@dataclass(frozen=True)
class Mode:
    """Which hierarchies are made: one for each combination (Table 5)."""

    color_spaces: tuple[str, ...]
    similarities: tuple[str, ...]  # letters: C(olour), T(exture), S(ize), F(ill)
    scales: tuple[int, ...]  # k of the segments, and their fewest pixels


MODES = {
    "single": Mode(("HSV",), ("CTSF",), (100,)),
    "fast": Mode(("HSV", "Lab"), ("CTSF", "TSF"), (50, 100)),
    "quality": Mode(("HSV", "Lab", "rgI", "H", "I"), ("CTSF", "TSF", "F", "S"), (50, 100, 150, 300)),
}


def selective_search(image, mode: str = "fast", *, min_side: float = 0.0, rng=None) -> Tensor:
    """Propose boxes where an object may be; it needs no training.

    Parameters
    ----------
    image : Tensor
        RGB, (3, H, W), floats in [0, 1].
    mode : {"single", "fast", "quality"}
        1, 8 or 80 hierarchies of regions: more boxes, which fit better, in more time.
    min_side : float
        Boxes of a smaller width or height are left out, in pixels.
    rng : numpy.random.Generator, optional
        For the order; otherwise it follows :func:`minidet.manual_seed`.

    Returns
    -------
    Tensor
        float32, (N, 4): ``(x1, y1, x2, y2)``, each box once, the likeliest first. Take the first 2000 for a detector.

    Raises
    ------
    TypeError, ValueError
        The image is no such image: it holds integers, NaN, or numbers far outside of [0, 1].

    Notes
    -----
    A region's rank is its place in its hierarchy, counted from the last one, times a random number in [0, 1) (4.1).
    Regions that touch at a corner are neighbours. Similarities are integers, multiples of 2^-24; of equally similar
    pairs the older one is joined first. So boxes do not depend on the processor's rounding of sums.
    """
    op = "selective_search"
    image = np.clip(checked_image(op, image).astype(np.float32, copy=False), 0, 1)
    check_choice(op, "mode", mode, tuple(MODES))
    min_side, rng = number(op, "min_side", min_side, 0.0), generator(rng, op)
    mode = MODES[mode]
    with ThreadPoolExecutor(min(kernels.jit.threads(), len(mode.color_spaces))) as pool:
        found = list(pool.map(lambda name: hierarchies(color_space(image, name), mode), mode.color_spaces))
    return tensor(ranked(list(itertools.chain(*found)), min_side, rng).astype(np.float32))


def hierarchies(planes: np.ndarray, mode: Mode) -> list[np.ndarray]:
    """Return the boxes of every hierarchy in one colour space: int64 (2 R - 1, 4), those of late regions last."""
    channels, size = planes.shape[0], planes.shape[1:]
    edges = edges_of(planes, SIGMA)
    bins = kernels.grouping.bins(planes, *kernels.gaussian.gradients(planes.astype(np.float64), TEXTURE_SIGMA))
    out = []
    for scale in mode.scales:
        labels, count = kernels.segments.segment(*edges, size, scale / 255, scale)
        pixels, boxes = kernels.grouping.extents(labels, count)
        pairs = kernels.grouping.adjacency(labels, count)
        counts = kernels.grouping.histograms(bins, labels, count)
        for similarity in mode.similarities:
            colours = COLOURS * channels if "C" in similarity else 0
            used = slice(COLOURS * channels - colours, None if "T" in similarity else COLOURS * channels)
            arguments = pixels, boxes, pairs, counts[:, used], colours, channels
            weights = "S" in similarity, "F" in similarity
            out.append(kernels.grouping.group(*arguments, *weights, labels.size)[0])
    return out


def ranked(found: list[np.ndarray], min_side: float, rng: np.random.Generator) -> np.ndarray:
    """Put the boxes of all hierarchies in one order, each once: the best rank counts."""
    ranks = [np.arange(len(boxes), 0, -1) * rng.random(len(boxes)) for boxes in found]
    boxes = np.concatenate(found)[np.argsort(np.concatenate(ranks), kind="stable")]
    large = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) >= min_side
    boxes = boxes[large]
    if not len(boxes):
        return boxes
    width, height = boxes[:, 2:].max(0) + 1
    keys = ((boxes[:, 1] * width + boxes[:, 0]) * height + boxes[:, 3]) * width + boxes[:, 2]
    return boxes[np.sort(np.unique(keys, return_index=True)[1])]
