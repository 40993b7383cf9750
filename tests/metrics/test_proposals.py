"""Recall and mean average best overlap, by hand."""

import numpy as np
import pytest

from minidet import metrics, tensor

BOXES = [np.array([[0, 0, 4, 4], [10, 10, 12, 12]], np.float32), tensor(np.array([[0.0, 0, 8, 4]])), []]
TRUTH = [
    {"boxes": [[0, 0, 4, 2], [10, 10, 12, 12]], "labels": [1, 2]},  # 8 / 16, and all of it
    {"boxes": np.array([[0.0, 0, 8, 1]]), "labels": np.array([2])},  # 8 / 32
    {"boxes": [[5, 5, 6, 6]], "labels": np.array([2])},  # no proposal
]


@pytest.mark.parametrize(("threshold", "share"), [(0.0, 1), (0.25, 0.75), (0.5, 0.5), (0.51, 0.25), (1.0, 0.25)])
def test_recall(threshold, share):
    assert metrics.proposal_recall(BOXES, TRUTH, threshold) == share


def test_mabo_is_a_mean_over_classes():
    assert metrics.mean_average_best_overlap(BOXES, TRUTH) == pytest.approx((0.5 + (1 + 0.25 + 0) / 3) / 2)


def test_difficult_objects_do_not_count():
    truth = [TRUTH[0] | {"difficult": np.array([True, False])}]
    assert metrics.proposal_recall(BOXES[:1], truth, 0.9) == 1
    assert metrics.mean_average_best_overlap(BOXES[:1], truth) == 1


def test_without_objects_there_is_no_figure():
    nothing = [{"boxes": np.zeros((0, 4), np.float32), "labels": []}]
    for boxes, truth in (([], []), ([BOXES[0]], nothing), ([[]], nothing)):
        assert np.isnan(metrics.proposal_recall(boxes, truth))
        assert np.isnan(metrics.mean_average_best_overlap(boxes, truth))


@pytest.mark.parametrize(
    ("boxes", "truth", "error", "message"),
    [
        (BOXES[0], TRUTH[:1], TypeError, "boxes is a ndarray, expected a list"),
        (BOXES, TRUTH[0], TypeError, "truth is a dict, expected a list"),
        (BOXES, TRUTH[:2], ValueError, "boxes has 3 entries, expected 2"),
        ([np.ones((2, 5))], TRUTH[:1], ValueError, r"boxes has shape \(2, 5\), expected \(N, 4\)"),
        ([np.full((1, 4), np.nan)], TRUTH[:1], ValueError, "boxes contains NaN"),
        (BOXES[:1], [{"labels": [1]}], TypeError, "truth contains a dict, expected dicts with boxes"),
        (BOXES[:1], [TRUTH[0] | {"labels": [1]}], ValueError, r"truth's labels has shape \(1,\), expected \(2,\)"),
        (BOXES[:1], [TRUTH[0] | {"labels": [1.0, 2.0]}], TypeError, "truth's labels has dtype float64"),
        (BOXES[:1], [TRUTH[0] | {"difficult": [0, 1]}], TypeError, "truth's difficult has dtype int64"),
    ],
)
def test_wrong_arguments(boxes, truth, error, message):
    with pytest.raises(error, match=f"mean_average_best_overlap: {message}"):
        metrics.mean_average_best_overlap(boxes, truth)


def test_a_wrong_threshold():
    with pytest.raises(ValueError, match="proposal_recall: iou_threshold is 50, expected a number in"):
        metrics.proposal_recall(BOXES, TRUTH, 50)
