"""What of all boxes is an answer: thresholds, the best of each class, classes apart."""

import numpy as np

from minidet.models.detection.answers import best_boxes, best_of_each

OPTIONS = {"score_thresh": 0.1, "nms_thresh": 0.45, "detections_per_img": 200}
BOXES = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [-5, 40, 15, 60], [8, 8, 8, 20]], np.float32)
SCORES = np.array([[0, 0.9, 0.3], [0, 0.8, 0.7], [0, 0.05, 0.6], [0, 0.9, 0.9]], np.float32)


def test_nms_of_each_class_best_first_inside_the_image():
    found = best_boxes(BOXES, SCORES, (50, 50), all_scores=True, **OPTIONS)
    assert found["labels"].numpy().tolist() == [1, 2, 2]
    np.testing.assert_array_equal(found["scores"].numpy(), np.float32([0.9, 0.7, 0.6]))
    assert found["boxes"].numpy().tolist() == [[0, 0, 10, 10], [1, 0, 11, 10], [0, 40, 15, 50]]
    np.testing.assert_array_equal(found["all_scores"].numpy(), SCORES[[0, 1, 2]])


def test_so_many_are_kept():
    assert best_boxes(BOXES, SCORES, (50, 50), **{**OPTIONS, "detections_per_img": 1})["labels"].numpy().tolist() == [1]
    found = best_boxes(BOXES, SCORES, (50, 50), candidates=1, **OPTIONS)
    assert found["labels"].numpy().tolist() == [1, 2]
    assert "all_scores" not in found


def test_the_best_of_each_label():
    scores, labels = np.array([0.5, 0.9, 0.5, 0.1, 0.7]), np.array([2, 1, 2, 2, 1])
    assert best_of_each(scores, labels, 1).tolist() == [0, 1]
    assert best_of_each(scores, labels, 2).tolist() == [0, 1, 2, 4]
    assert best_of_each(scores[:0], labels[:0], 2).tolist() == []


def test_the_best_of_each_label_are_the_first_of_a_stable_sort(rng):
    for _ in range(200):
        scores, labels = rng.integers(0, 6, n := rng.integers(60)) / 6, rng.integers(1, 5, n)  # many are equal
        count = int(rng.integers(1, 12))
        expected = []
        for label in range(1, 5):
            rows = np.flatnonzero(labels == label)
            expected += rows[np.argsort(-scores[rows], kind="stable")[:count]].tolist()
        assert best_of_each(scores, labels, count).tolist() == sorted(expected)
