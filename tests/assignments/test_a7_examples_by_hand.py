"""The numbers that assignment 7 works out by hand in its text, against the reference of each variant."""

import pathlib

import numpy as np
import pytest

from minidet.grading.assignments.assignment import load

SOURCE = pathlib.Path(__file__).parents[2] / "assignments" / "source" / "a7_one_stage"
SIZE = (100, 200)
BOXES = np.array([(55, 20.5, 105, 69.5), (51, 22, 69, 38), (190, 4, 210, 20)])
PAIR = np.array([(3.0, 2, 33, 22), (15, 10, 45, 28)])  # of question 8, in a picture of 32 x 48
OVERLAP = np.array([[10, 8, 6, 4, 0, 0], [9, 12, 0, 7, 6, 0], [0, 11, 3, 0, 0, 0]]) / 16


def reference(**variants):
    return load(SOURCE, "by hand", variants=variants).reference


def assert_close(value, expected, atol=6e-4):
    np.testing.assert_allclose(value, expected, atol=atol)


def test_yolo_s_targets():
    functions = reference()
    cells = functions["centre_cells"](BOXES, SIZE, 4)
    np.testing.assert_array_equal(cells, [(1, 1), (1, 1), (0, 3)])
    codes = [(0.6, 0.8, 0.5, 0.7), (0.2, 0.2, 0.3, 0.4), (1, 0.48, 0.316, 0.4)]
    assert_close(functions["cell_codes"](BOXES, cells, SIZE, 4), codes)
    owners = np.full((4, 4), -1)
    owners[1, 1], owners[0, 3] = 0, 2
    np.testing.assert_array_equal(functions["cell_owners"](BOXES, cells, 4), owners)


def test_the_responsible_predictor():
    functions = reference()
    said = np.zeros((4, 4, 1, 4))
    said[1, 1, 0] = 0.6, 0.8, 0.5, 0.7
    assert_close(functions["said_boxes"](said, SIZE)[1, 1, 0], BOXES[0], 1e-9)
    assert_close(functions["iou_with"](np.array([(0.0, 0, 4, 4)]), np.array([2.0, 0, 6, 4])), 1 / 3, 1e-9)
    for box, boxes, iou in (((0, 0, 8, 8), ((8, 0, 16, 8), (0, 10, 8, 18)), 0),
                            ((10, 10, 30, 30), ((10, 10, 30, 20), (10, 10, 30, 50)), 0.5)):  # fmt: skip
        box, boxes = np.array(box, float), np.array(boxes, float)
        ious = functions["iou_with"](boxes, box)
        assert_close(ious, iou, 1e-9)
        assert functions["responsible"](ious, boxes, box) == 0
        assert functions["responsible"](ious, boxes[::-1], box) == 1


def test_yolo_s_loss():
    functions = reference()
    said = np.array([[[(0.5, 0.5, 0.4, 0.4, 0.7), (0.2, 0.4, 0.5, 0.6, 0.3)]]])
    known = said, np.array([[[0.2, 0.7]]]), np.array([[(0.4, 0.5, 0.5, 0.8)]]), *np.array([[[1]], [[1]]])
    ious = np.array([[0.5]])
    assert_close(functions["yolo_terms"](*known, ious), (0.25, 0.2, 0.04, 0.245, 0.13), 1e-9)
    d_said, d_classes = functions["yolo_gradient"](*known, ious)
    assert_close(d_said[0, 0], [(0, 0, 0, 0, 0.7), (-2, -1, 0, -2, -0.4)], 1e-9)
    assert_close(d_classes[0, 0], (0.4, -0.6), 1e-9)


def test_default_boxes_and_their_matching():
    functions = reference()
    assert_close(functions["box_scales"](3, 0.2, 0.8), (0.2, 0.5, 0.8, 1.1), 1e-9)
    shapes = functions["cell_shapes"](0.3, 1.2, (2.25,))
    assert_close(shapes, [(0.3, 0.3), (0.6, 0.6), (0.45, 0.2), (0.2, 0.45)], 1e-9)
    boxes = functions["place_boxes"]([(1, 2)], [np.array([(20, 10)])], (40, 80))
    assert_close(boxes, [(10, 15, 30, 25), (50, 15, 70, 25)], 1e-9)
    overlap = np.array([(0.6, 0.7, 0.3, 0.55), (0.5, 0.8, 0.2, 0.1), (0, 0.75, 0.05, 0)])
    own = functions["bipartite"](overlap)
    np.testing.assert_array_equal(own, [0, 1, 2])
    np.testing.assert_array_equal(functions["match_boxes"](overlap, own), [0, 1, 2, 0])


def test_mining():
    functions = reference()
    labels = np.array([[1, 0, 0, -1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, -1, 0]])
    losses = np.array([[0.2, 0.9, 0.4, 3, 0.1, 0.9, 0.6, 0.5], [0.7, 0.9, 0.2, 0.8, 0.3, 0.1, 2, 0.5]])
    chosen = functions["hard_negatives"](losses, labels)
    np.testing.assert_array_equal(np.argwhere(chosen), [(0, 1), (0, 5), (0, 6)])
    assert_close(functions["mined_loss"](losses, labels, chosen), 2.6, 1e-9)


def test_average_precision():
    functions = reference()
    truths = [
        np.array([(0, 0, 20, 20), (30, 10, 50, 30), (5, 28, 21, 44)]),
        np.array([(10, 10, 30, 30), (35, 5, 47, 17)]),
    ]
    boxes = np.array([(2, 0, 22, 20), (0, 4, 20, 24), (12, 12, 30, 30), (5, 28, 21, 42), (22, 10, 42, 30),
                      (32, 10, 52, 30)])  # fmt: skip
    images, scores = np.array([0, 0, 1, 0, 1, 0]), np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.5])
    hard = [np.array([False, False, True]), np.zeros(2, bool)]
    marks = functions["judge_detections"](boxes, scores, images, truths, hard)
    np.testing.assert_array_equal(marks, [1, 0, 1, -1, 0, 1])
    precision, recall = functions["precision_recall"](marks, scores, 4)
    assert_close(precision, (1, 1 / 2, 2 / 3, 2 / 4, 3 / 5), 1e-9)
    assert_close(recall, (1 / 4, 1 / 4, 2 / 4, 2 / 4, 3 / 4), 1e-9)
    assert_close(functions["area_ap"](precision, recall), 0.567)
    assert_close(functions["eleven_point_ap"](precision, recall), 6.2 / 11, 1e-9)


@pytest.mark.parametrize("variant, owner, cell, code", [
    ("sides", [[0, 0, 0, -1], [0, 1, 1, 1], [0, 1, 1, 1], [-1] * 4], (1, 1), (0.5, 0.5, 1.5, 1.414)),
    ("cross", [[-1, 0, -1, -1], [0, 0, 1, -1], [-1, 0, 1, 1], [-1, -1, 1, -1]], (2, 1), (0, -1, 1.322, 1.322)),
    ("corner", [[0, -1, -1, -1], [-1, 1, -1, -1], [-1] * 4, [-1] * 4], (0, 0), (0.25, 0.25, 0.714, 0.714)),
    ("corner", [[0, -1, -1, -1], [-1, 1, -1, -1], [-1] * 4, [-1] * 4], (1, 1), (0.25, 0.25, 0.714, 0.692)),
])  # fmt: skip
def test_the_grid(variant, owner, cell, code):
    functions = reference(q8=variant)
    np.testing.assert_array_equal(functions["grid_owner"](PAIR, (32, 48), 4), owner)
    codes = functions["grid_codes"](PAIR, np.array(owner), (32, 48))
    assert_close(codes[cell], code)
    back = functions["grid_boxes"](codes, (32, 48))
    for (row, column), number in np.ndenumerate(owner):
        if number >= 0:
            assert_close(back[row, column], PAIR[number], 1e-9)


def test_a_small_object_takes_the_corner_of_another():
    boxes = np.concatenate([PAIR, [(20.0, 13, 26, 17)]])
    assert reference(q8="corner")["grid_owner"](boxes, (32, 48), 4)[1, 1] == 2


@pytest.mark.parametrize("variant, result", [
    ("draft", [0, 1, 2, 1, -2, -1]), ("quota", [0, 1, 0, 1, -2, -1]), ("average", [0, 1, -2, -2, -2, -1]),
])  # fmt: skip
def test_the_matching(variant, result):
    np.testing.assert_array_equal(reference(q9=variant)["assign_boxes"](OVERLAP, 2, 0.375), result)


@pytest.mark.parametrize("variant, value", [("groups", 0.604), ("trapezoids", 0.573), ("soft", 0.378)])
def test_the_measure(variant, value):
    scores, overlaps = np.array([0.9, 0.8, 0.8, 0.6, 0.5]), np.array([0.9, 0.7, 0, 0.6, 0])
    functions = reference(q10=variant)
    assert_close(functions["class_score"](scores, overlaps, 4, 0.5), value)
    labels, order = np.zeros(5, int), np.array([4, 2, 0, 1, 3])
    assert_close(functions["mean_score"](labels, scores[order], overlaps[order], np.array([4, 0]), 0.5), value)
