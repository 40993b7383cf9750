"""Suppression: ties, thresholds, classes, many boxes; and what torchvision does otherwise."""

import tracemalloc

import numpy as np
import pytest

from minidet import ops
from tests.fixtures import torchvision

#: The second overlaps the first by 3 / 10; the third overlaps nothing.
BOXES = np.array([[0, 0, 10, 1], [0, 0, 3, 1], [50, 50, 60, 60]], np.float32)
SCORES = np.array([0.9, 0.8, 0.7], np.float32)


def keep(boxes, scores, threshold):
    found = ops.nms(boxes, scores, threshold)
    assert found.dtype == np.int64
    return found.numpy().tolist()


def test_only_what_is_above_the_threshold_goes():
    assert keep(BOXES, SCORES, 0.3) == [0, 1, 2]
    assert keep(BOXES, SCORES, np.nextafter(0.3, 0)) == [0, 2]
    assert keep(BOXES, SCORES, 0) == [0, 2]
    assert keep(BOXES[[0, 0, 0]], SCORES, 1) == [0, 1, 2]  # no IoU is above 1


@pytest.mark.parametrize("count", range(1, 10))
@pytest.mark.parametrize("whole", [3, 7, 10, 49])
def test_an_overlap_of_exactly_the_threshold_stays(count, whole):
    boxes = np.array([[0, 0, whole, 1], [0, 0, min(count, whole), 1]], np.float32)
    assert keep(boxes, [1, 0], min(count, whole) / whole) == [0, 1]


def test_equal_scores_stay_in_order():
    boxes = np.repeat(BOXES[[2, 0]], 5, 0)
    boxes[:, ::2] += np.arange(10)[:, None] * 0.01
    assert keep(boxes, np.ones(10), 0.5) == [0, 5]
    assert keep(np.arange(40).reshape(10, 4), [1, 2] * 5, 0.5) == [1, 3, 5, 7, 9, 0, 2, 4, 6, 8]
    assert keep(BOXES, [-np.inf, np.inf, 0], 0.5) == [1, 2, 0]


def test_a_dropped_box_drops_nothing():
    boxes = np.array([[0, 0, 10, 1], [4, 0, 14, 1], [8, 0, 18, 1]], np.float32)  # neighbours overlap by 6 / 14
    assert keep(boxes, SCORES, 0.4) == [0, 2]


def test_boxes_without_area():
    boxes = np.array([[1, 1, 1, 5], [1, 1, 1, 5], [0, 0, 9, 9], [3, 3, 3, 3]], np.float32)
    assert keep(boxes, [4, 3, 2, 1], 0) == [0, 1, 2, 3]


def test_no_boxes():
    assert keep(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.5) == []
    assert ops.batched_nms(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), 0.5).shape == (0,)
    order, scores = ops.soft_nms(np.zeros((0, 4)), np.zeros(0, np.float32))
    assert (order.shape, order.dtype, scores.shape, scores.dtype) == ((0,), np.int64, (0,), np.float32)


def test_thirty_thousand_boxes_need_no_matrix(rng):
    """All pairs would be 900,000,000 bytes of bool, or 3.6 GB of float32."""
    corner = rng.uniform(0, 1500, (30_000, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 200, (30_000, 2))], 1).astype(np.float32)
    scores = rng.random(30_000).astype(np.float32)
    ops.nms(boxes[:10], scores[:10], 0.3)  # compiled
    tracemalloc.start()
    kept = ops.nms(boxes, scores, 0.3).numpy()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6
    assert (np.diff(scores[kept]) <= 0).all()
    some = kept[:2000]
    assert np.triu(ops.box_iou(boxes[some], boxes[some]).numpy(), 1).max() <= 0.3 + 1e-6
    dropped = np.setdiff1d(np.arange(30_000), kept)[:300]
    better = scores[kept][None] >= scores[dropped][:, None]
    assert (better & (ops.box_iou(boxes[dropped], boxes[kept]).numpy() > 0.3 - 1e-6)).any(1).all()


@pytest.mark.parametrize("far", [0, -1000, -(2.0**22), 2.0**23])
def test_classes_do_not_meet_wherever_they_lie(far):
    """A coordinate trick moves a class by max + 1: two classes meet if coordinates are negative, or lose their digits."""
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 10], [0, 0, 10, 9]], np.float32) + np.float32(far)
    found = ops.batched_nms(boxes, [0.5, 0.6, 0.7, 0.4], [7, 7, -3, 2**40], 0.5)
    assert found.numpy().tolist() == [2, 1, 3]


def test_classes_that_would_touch_after_a_move():
    boxes = np.array([[-11, -11, -1, -1], [-11 + 0, -11, -1, -1], [-22, -22, -12, -12]], np.float32)
    assert ops.batched_nms(boxes, [3, 2, 1], [0, 1, 2], 0.5).numpy().tolist() == [0, 1, 2]


def test_each_class_by_itself(rng):
    corner = rng.integers(-20, 20, (60, 2))
    boxes = np.concatenate([corner, corner + rng.integers(1, 20, (60, 2))], 1)
    scores, classes = rng.integers(0, 9, 60), rng.integers(0, 4, 60)
    found = ops.batched_nms(boxes, scores, classes, 0.2).numpy()
    for k in range(4):
        own = np.flatnonzero(classes == k)
        expected = own[ops.nms(boxes[own], scores[own], 0.2).numpy()]
        np.testing.assert_array_equal(found[classes[found] == k], expected)
    order = list(zip(-scores[found], found, strict=True))
    assert order == sorted(order), "the best first, equal scores in order"


def test_soft_by_hand():
    order, scores = ops.soft_nms(BOXES, SCORES, 0.3)
    assert order.numpy().tolist() == [0, 2, 1]
    np.testing.assert_allclose(scores.numpy(), [0.9, 0.7, 0.8 * 0.7], rtol=1e-6)
    assert scores.dtype == np.float32
    order, scores = ops.soft_nms(BOXES, SCORES, 0.31)  # below: left as it is
    assert order.numpy().tolist() == [0, 1, 2]
    order, scores = ops.soft_nms(BOXES, SCORES, sigma=0.1, method="gaussian")
    assert order.numpy().tolist() == [0, 2, 1]
    np.testing.assert_allclose(scores.numpy(), [0.9, 0.7, 0.8 * np.exp(-0.09 / 0.1)], rtol=1e-6)


def test_soft_drops_what_falls_below():
    boxes = BOXES[[0, 0, 2]]  # the second is the first again: linear leaves nothing of it
    assert ops.soft_nms(boxes, SCORES)[0].numpy().tolist() == [0, 2]
    assert ops.soft_nms(boxes, SCORES, score_threshold=0)[0].numpy().tolist() == [0, 2, 1]
    assert ops.soft_nms(boxes, SCORES, score_threshold=0.9000001)[0].numpy().tolist() == []
    assert ops.soft_nms(BOXES, [1, 1, 1], 0.9)[0].numpy().tolist() == [0, 1, 2], "of equal scores the first"


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_the_same_as_torchvision(threshold):
    recorded = torchvision()
    boxes, scores = recorded["boxes"], recorded["scores"]
    np.testing.assert_array_equal(ops.nms(boxes, scores, threshold).numpy(), recorded[f"nms {threshold}"])
    found = ops.batched_nms(boxes, scores, recorded["classes"], threshold).numpy()
    np.testing.assert_array_equal(found, recorded[f"batched_nms {threshold}"])
