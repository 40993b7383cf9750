"""From plain arrays of objects and detections to COCO's tables of precision and recall.

::

    one group for each image and class     its detections by descending scores, the first max_dets[-1] of them
    overlaps                               of each detection with each object of its group
    matching                               for each range of sizes and each overlap that is asked for
    curves                                 of each class, over all images: precision at 101 values of recall
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ... import kernels
from ...ops.rle import Runs, mask_ious
from .joints import Joints, similarities

#: Overlaps that are asked for, values of recall, and ranges of sizes, in square pixels: as in COCO's tools.
THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
SIZES = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
MOST_PAIRS = 2**21  # overlaps that are kept at one time


@dataclass(frozen=True)
class Objects:
    """N objects, or N detections, of all images.

    Parameters
    ----------
    image, category : ndarray int64 (N,)
        Numbers from 0.
    boxes : ndarray float64 (N, 4)
        x, y, width and height.
    area : ndarray float64 (N,)
    masks : Runs, optional
        What is compared instead of the boxes. Masks of one image have one size.
    scores : ndarray float64 (N,), optional
        Of detections.
    crowd, ignored : ndarray bool (N,), optional
        Of objects: regions that hold many, and those that do not count.
    joints : Joints, optional
        What is compared instead of boxes and masks.
    """

    image: np.ndarray
    category: np.ndarray
    boxes: np.ndarray
    area: np.ndarray
    masks: Runs | None = None
    scores: np.ndarray | None = None
    crowd: np.ndarray | None = None
    ignored: np.ndarray | None = None
    joints: Joints | None = None


@dataclass(frozen=True)
class Matched:
    """What became of D detections: the best of each image and class, class by class, in each image by image.

    Parameters
    ----------
    image, category : ndarray int64 (D,)
    scores : ndarray float64 (D,)
    rank : ndarray int64 (D,)
        How many of the same image and class score more.
    states : ndarray uint8 (S, T, D)
        See ``kernels.average_precision.match``.
    counted : ndarray bool (S, N)
        Which of the N objects count in each range of sizes.
    """

    image: np.ndarray
    category: np.ndarray
    scores: np.ndarray
    rank: np.ndarray
    states: np.ndarray
    counted: np.ndarray

    def by_score(self) -> np.ndarray:
        """Return the order by classes, in each by descending scores; equal ones stay in the order of images."""
        return np.lexsort((-self.scores, self.category))


def matched(truths: Objects, answers: Objects, limit: int) -> Matched:
    """Compare detections, ``limit`` at most of an image and class, with objects: all ``SIZES``, all ``THRESHOLDS``."""
    images = 1 + max(truths.image.max(initial=0), answers.image.max(initial=0))
    truth_keys = truths.category * images + truths.image
    answer_keys = answers.category * images + answers.image
    order, rank = _best(answer_keys, answers.scores, limit)
    low, high = np.array(list(SIZES.values())).T[..., None]  # (S, 1)
    ignored = (truths.area < low) | (truths.area > high) | truths.ignored | truths.crowd  # (S, N)
    outside = (answers.area < low) | (answers.area > high)
    groups = (truth_keys, np.argsort(truth_keys, kind="stable")), (answer_keys, order)
    states = _states(truths, answers, *groups, ignored, outside)
    return Matched(answers.image[order], answers.category[order], answers.scores[order], rank, states, ~ignored)


def precision_and_recall(truths: Objects, answers: Objects, num_categories: int, max_dets: np.ndarray):
    """Return COCO's tables of precision (T, R, K, S, M) and recall (T, K, S, M); -1 where there is nothing to find.

    The axes are ``THRESHOLDS``, ``RECALLS``, classes, ``SIZES`` and ``max_dets`` (ascending).
    """
    found = matched(truths, answers, max_dets[-1])
    counted = [np.bincount(truths.category[row], minlength=num_categories) for row in found.counted]
    counted = np.stack(counted, 1)  # (K, S)
    first = np.searchsorted(found.category, np.arange(num_categories + 1))
    precision, right = kernels.average_precision.precision_at(
        found.by_score(), first, found.rank, found.states, max_dets, _needed(counted)
    )
    absent = (counted == 0)[..., None]  # (K, S, 1)
    recall = right / np.maximum(counted, 1)[..., None]
    return np.where(absent, -1.0, precision), np.where(absent, -1.0, recall)


def _best(keys: np.ndarray, scores: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the detections group by group, in each by descending scores, ``limit`` at most, and each one's rank."""
    order = np.lexsort((-scores, keys))
    sorted_keys = keys[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_keys, sorted_keys)
    return order[rank < limit], rank[rank < limit]


def _needed(counted: np.ndarray) -> np.ndarray:
    """Return how many right detections each of ``RECALLS`` takes, int64 (K, S, R): the first n, n / all >= recall."""
    needed = np.zeros((*counted.shape, len(RECALLS)), np.int64)
    for total in np.unique(counted):
        if total:
            needed[counted == total] = np.searchsorted(np.arange(total + 1) / total, RECALLS)
    return needed


def _states(truths: Objects, answers: Objects, truth_groups, answer_groups, ignored, outside) -> np.ndarray:
    """Return which of the ordered detections are right, (S, T, D); see ``kernels.average_precision.match``."""
    (truth_keys, truth_order), (answer_keys, order) = truth_groups, answer_groups
    keys, first_answer, answers_of = np.unique(answer_keys[order], return_index=True, return_counts=True)
    sorted_keys = truth_keys[truth_order]
    first_truth = np.searchsorted(sorted_keys, keys)
    truths_of = np.searchsorted(sorted_keys, keys, side="right") - first_truth
    pairs_before = np.append(0, np.cumsum(answers_of * truths_of))
    thresholds = np.minimum(THRESHOLDS, 1 - 1e-10)
    parts, begin = [], 0
    while begin < len(keys):  # so many groups as have few enough pairs
        limit = np.searchsorted(pairs_before, pairs_before[begin] + MOST_PAIRS, side="right") - 1
        end = max(begin + 1, int(limit))
        mine = slice(first_answer[begin], first_answer[end - 1] + answers_of[end - 1])
        rows = order[mine]  # of answers
        per_answer = np.repeat(truths_of[begin:end], answers_of[begin:end])
        pair_truth = truth_order[_ranges(np.repeat(first_truth[begin:end], answers_of[begin:end]), per_answer)]
        ious = _ious(truths, answers, np.repeat(rows, per_answer), pair_truth)
        owned = truth_order[_ranges(first_truth[begin:end], truths_of[begin:end])]
        parts.append(kernels.average_precision.match(
            np.append(0, np.cumsum(answers_of[begin:end])), np.append(0, np.cumsum(truths_of[begin:end])),
            pairs_before[begin:end] - pairs_before[begin], ious, truths.crowd[owned],
            np.ascontiguousarray(ignored[:, owned]), np.ascontiguousarray(outside[:, rows]), thresholds,
        ))  # fmt: skip
        begin = end
    return np.concatenate([np.zeros((len(SIZES), len(THRESHOLDS), 0), np.uint8), *parts], axis=2)


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return ``starts[i], starts[i] + 1, ...``, ``lengths[i]`` numbers of each, one after the other."""
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - before, lengths)


def _ious(truths: Objects, answers: Objects, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the overlap of detection ``rows[p]`` with object ``columns[p]``, float64 (P,).

    As COCO's tools compute it, in their order: an overlap of exactly 0.5 is one here, too.
    """
    if truths.joints is not None:
        return similarities(answers.joints, truths.joints, truths.boxes, truths.area, rows, columns)
    if truths.masks is not None:
        return mask_ious(answers.masks, truths.masks, truths.crowd, rows, columns)
    x1, y1, w1, h1 = answers.boxes[rows].T
    x2, y2, w2, h2 = truths.boxes[columns].T
    width = np.minimum(w1 + x1, w2 + x2) - np.maximum(x1, x2)
    height = np.minimum(h1 + y1, h2 + y2) - np.maximum(y1, y2)
    overlap = (width > 0) & (height > 0)
    shared = np.where(overlap, width * height, 0)
    area = w1 * h1
    whole = np.where(truths.crowd[columns], area, area + w2 * h2 - shared)
    return shared / np.where(overlap & (whole > 0), whole, 1)
