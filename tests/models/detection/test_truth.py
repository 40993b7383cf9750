"""What targets say, and what is ignored."""

import numpy as np

from minidet.models.detection.truth import read_target, share_inside

BOXES = [[0, 0, 10, 10], [5, 5, 5, 9], [20, 20, 40, 30], [50, 50, 60, 60]]


def test_objects_ignored_ones_and_those_without_area():
    truth = read_target("test", {"boxes": BOXES, "labels": [1, 2, 0, 2], "iscrowd": [0, 0, 1, 0]}, 3)
    np.testing.assert_array_equal(truth.boxes, np.float32([BOXES[0], BOXES[3]]))
    assert truth.labels.tolist() == [1, 2]
    assert truth.kept.tolist() == [0, 3]
    np.testing.assert_array_equal(truth.ignored, np.float32([BOXES[2]]))
    assert truth.crowd.tolist() == [True]
    truth = read_target("test", {"boxes": BOXES, "labels": [1, 2, 2, 2], "difficult": np.array([1, 0, 0, 0], bool)}, 3)
    assert truth.kept.tolist() == [2, 3]
    assert truth.crowd.tolist() == [False]
    scaled = truth.scaled(np.array([2.0, 3, 2, 3]))
    np.testing.assert_array_equal(scaled.boxes[0], [40, 60, 80, 90])
    np.testing.assert_array_equal(scaled.ignored, [[0, 0, 20, 30]])
    assert scaled.boxes.dtype == np.float32


def test_overlap_with_what_is_ignored():
    boxes = np.float32([[0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 4, 4], [8, 0, 18, 10], [30, 30, 40, 40]])
    target = {"boxes": [[0, 0, 10, 10]], "labels": [1]}
    hard = read_target("test", {**target, "difficult": [1]}, 2)
    assert hard.is_ignored(boxes, 0.5).tolist() == [True, True, False, False, False]  # IoU 1, 0.5, 0.16, 0.11, 0
    crowd = read_target("test", {**target, "iscrowd": [1]}, 2)
    assert crowd.is_ignored(boxes, 0.5).tolist() == [True, True, True, False, False]  # shares 1, 1, 1, 0.2, 0
    assert not read_target("test", target, 2).is_ignored(boxes, 0.5).any()
    assert crowd.is_ignored(boxes[:0], 0.5).shape == (0,)


def test_share_of_a_box_without_area_is_0():
    assert share_inside(np.float32([[0, 0, 9, 9]]), np.float32([[3, 3, 3, 5], [0, 0, 9, 18]])).tolist() == [[0, 0.5]]
