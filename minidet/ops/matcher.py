"""Which object an anchor, or a proposal, is to find: the one that it overlaps most, or none."""

from __future__ import annotations

import numpy as np

from ..autograd import Tensor, tensor
from ..autograd.as_array import as_array
from ..errors import bad_argument, flag, number


class Matcher:
    """Match anchors with objects by their overlap (Ren et al. 2015, Faster R-CNN, section 3.1.2).

    ::

        overlap with the best object    >= high_threshold        its number
                                        in [low, high)           -2: neither positive nor negative
                                        < low_threshold          -1: background

    With ``allow_low_quality_matches`` every object also gets the anchors that overlap it most, however little.

    Parameters
    ----------
    high_threshold, low_threshold : float
        ``low_threshold <= high_threshold``.
    allow_low_quality_matches : bool

    Notes
    -----
    Departs from torchvision:

    - Nothing is matched at an overlap of 0, also where a threshold is 0, or an object touches no anchor. An object
      without area overlaps nothing (``box_iou`` is 0): it is matched with nothing. Whoever adds objects to the
      proposals, or encodes them, drops those without area before.
    - An object's best anchor is matched with that object, also if another one overlaps the anchor more; torchvision
      gives it to the other one, and the object has none. If two objects have the same best anchor, the one that
      overlaps it more has it, and the other its next best (:func:`bipartite_match`).
    - No objects: all anchors are background; torchvision raises.
    """

    BELOW_LOW_THRESHOLD = -1
    BETWEEN_THRESHOLDS = -2

    def __init__(self, high_threshold: float, low_threshold: float, allow_low_quality_matches: bool = False):
        self.high_threshold = number("Matcher", "high_threshold", high_threshold)
        self.low_threshold = number("Matcher", "low_threshold", low_threshold)
        if self.low_threshold > self.high_threshold:
            expected = f"at most high_threshold = {self.high_threshold:g}"
            raise bad_argument("Matcher", "low_threshold", f"is {self.low_threshold:g}", expected)
        self.allow_low_quality_matches = flag("Matcher", "allow_low_quality_matches", allow_low_quality_matches)

    def __call__(self, match_quality_matrix) -> Tensor:
        """Return the number of each anchor's object, or -1, or -2.

        Parameters
        ----------
        match_quality_matrix : Tensor
            (M, N): the overlap of each of M objects with each of N anchors, ``box_iou(objects, anchors)``.

        Returns
        -------
        Tensor
            (N,), int64.
        """
        quality = checked_quality("Matcher", match_quality_matrix)
        objects, anchors = quality.shape
        if objects == 0 or anchors == 0:
            return tensor(np.full(anchors, self.BELOW_LOW_THRESHOLD, np.int64))
        matches = quality.argmax(0)
        best = quality[matches, np.arange(anchors)]
        matches[best < self.high_threshold] = self.BETWEEN_THRESHOLDS
        matches[(best < self.low_threshold) | (best <= 0)] = self.BELOW_LOW_THRESHOLD
        if self.allow_low_quality_matches:
            _give_each_its_best(quality, matches)
        return tensor(matches)


def bipartite_match(match_quality_matrix) -> Tensor:
    """Give each object an anchor for itself: of all pairs the best, then the best of those that are left, and so on.

    Parameters
    ----------
    match_quality_matrix : Tensor
        (M, N): the overlap of each of M objects with each of N anchors.

    Returns
    -------
    Tensor
        (M,), int64: the anchor of each object; -1 where none is left that it overlaps. No anchor comes twice.

    Notes
    -----
    Liu et al. 2016, SSD, section 2.2. Of equal pairs the first object's first anchor is taken. torchvision has no such
    function: where two objects have the same best anchor, its SSD leaves one of them without.
    """
    return tensor(_bipartite(checked_quality("bipartite_match", match_quality_matrix)))


def checked_quality(op: str, quality) -> np.ndarray:
    """Return a matrix (M, N) of numbers, or raise unless it is that, without NaN."""
    quality = as_array(op, "match_quality_matrix", quality, "iuf")
    if quality.ndim != 2:
        expected = "(M, N), M objects and N anchors"
        raise bad_argument(op, "match_quality_matrix", f"has shape {quality.shape}", expected)
    if np.isnan(quality).any():
        raise bad_argument(op, "match_quality_matrix", "contains NaN", "overlaps")
    return quality


def _bipartite(quality: np.ndarray) -> np.ndarray:
    objects, anchors = quality.shape
    matches, taken = np.full(objects, -1, np.int64), np.zeros(anchors, bool)
    if anchors == 0:
        return matches
    favourite = quality.argmax(1)
    best = quality[np.arange(objects), favourite].astype(np.float64)
    for _ in range(objects):
        one = int(best.argmax())
        if best[one] <= 0:
            break
        matches[one], taken[favourite[one]] = favourite[one], True
        best[one] = -np.inf
        for other in np.flatnonzero((favourite == favourite[one]) & (best > 0)):  # whose anchor is gone
            left = np.where(taken, -np.inf, quality[other])
            favourite[other] = left.argmax()
            best[other] = left[favourite[other]]
    return matches


def _give_each_its_best(quality: np.ndarray, matches: np.ndarray) -> None:
    """Write each object to the anchors that overlap it most, and to at least one of its own."""
    best = quality.max(1)
    for one in np.argsort(best, kind="stable"):  # what overlaps more is written over what overlaps less
        if best[one] > 0:
            matches[quality[one] == best[one]] = one
    own = _bipartite(quality)
    matches[own[own >= 0]] = np.flatnonzero(own >= 0)
