"""The numbers that assignment 6 works out by hand in its text, against the reference of each variant."""

import pathlib

import numpy as np
import pytest

from minidet.grading.assignments.assignment import load

SOURCE = pathlib.Path(__file__).parents[2] / "assignments" / "source" / "a6_faster_rcnn"


def reference(**variants):
    return load(SOURCE, "by hand", variants=variants).reference


def assert_same(value, expected, atol=1e-9):
    np.testing.assert_allclose(value, expected, atol=atol)


def test_anchors_and_their_places():
    functions = reference()
    cell = functions["cell_anchors"]((12,), (0.25, 1, 4))
    assert_same(cell, [[-12, -3, 12, 3], [-6, -6, 6, 6], [-3, -12, 3, 12]])
    anchors = functions["anchor_grid"](cell, 20, 30, 8)
    assert len(anchors) == 3 * 4 * 3
    assert_same(anchors[:3] - cell, np.full((3, 4), 4))
    assert_same(anchors[3:6] - cell, np.tile([12, 4], (3, 2)))
    assert_same(functions["inside_image"](np.array([[0, 0, 30, 20], [0, 0, 30, 20.5]]), 20, 30), [True, False])


def test_what_each_anchor_learns_and_the_sample():
    functions = reference()
    iou = np.array(
        [
            [0.80, 0.75, 0.30, 0.10, 0, 0.20],
            [0.10, 0.20, 0.25, 0.50, 0.50, 0.05],
            [0, 0, 0, 0, 0, 0],
            [0, 0.71, 0, 0, 0, 0],
        ]
    )
    assert_same(functions["match"](iou, 0.7, 0.3), [0, 3, -2, 1, 1, -1])
    marks, order = np.array([0, -1, -2, 1, -1, -1, 0, -1]), np.array([3, 1, 2, 6, 0, 5, 4, 7])
    assert_same(np.flatnonzero(functions["sample_anchors"](marks, order, 4, 0.5)), [1, 3, 5, 6])
    assert_same(np.flatnonzero(functions["sample_anchors"](marks, order, 4, 0.25)), [1, 3, 4, 5])


def test_the_code_and_its_limit():
    functions = reference()
    anchor, box = np.array([[10.0, 10, 26, 42]]), np.array([[14.0, 18, 46, 50]])
    deltas = functions["encode"](anchor, box)
    assert_same(deltas, [[0.75, 0.25, np.log(2), 0]])
    limit = np.log(1000 / 16)
    assert_same(functions["decode"](anchor, deltas, limit), box)
    deltas[0, 2] = 1000
    assert_same(functions["decode"](anchor, deltas, limit)[0, ::2], [30 - 500, 30 + 500])


def test_the_two_losses():
    functions = reference()
    logits, marks = np.array([0, np.log(3), -np.log(3), 5]), np.array([0, -1, -1, 1])
    drawn = np.array([True, True, True, False])
    assert_same(functions["objectness_loss"](logits, marks, drawn), 0.789, 5e-4)
    assert_same(functions["objectness_grad"](logits, marks, drawn), [-1 / 6, 1 / 4, 1 / 12, 0])
    deltas, targets = np.zeros((4, 4)), np.full((4, 4), np.nan)
    deltas[0], targets[0], targets[3] = (0.5, 0, -0.05, 0.1), (0.2, 0, 0.05, 0.1), 1
    assert_same(functions["box_loss"](deltas, targets, marks, drawn, 0.2), 0.075)
    assert_same(functions["box_grad"](deltas, targets, marks, drawn, 0.2), [[1 / 3, 0, -0.5 / 3, 0], *np.zeros((3, 4))])


def test_the_proposals():
    boxes = np.array(
        [
            [2.0, 2, 12, 12],
            [4, 2, 14, 12],
            [20, 4, 44, 14],
            [20, 4, 30, 14],
            [29, 15, 40, 19],
            [7, 2, 17, 12],
            [0, 14, 8, 20],
        ]
    )
    logits = np.array([3, 2, 2.5, 1, 1.5, 0.5, -1])
    found, scores = reference()["propose"](boxes, logits, (20, 30), 6, 3, 0.5, 2)
    assert_same(found, [[2, 2, 12, 12], [20, 4, 30, 14], [7, 2, 17, 12]])
    assert_same(scores, [3, 2.5, 0.5])


@pytest.mark.parametrize("variant, learns", [
    ("adaptive", [-1, 1, 0, -1, -1, 1, -1, -1]),
    ("centre", [-1, 0, 0, -1, -1, 1, -1, -1]),
    ("quota", [-1, 1, -2, -1, -1, -2, -1, -1]),
])  # fmt: skip
def test_the_rule_of_matching(variant, learns):
    functions = reference(q7=variant)
    anchors = functions["anchor_grid"](np.array([[-6, -6, 6, 6]]), 16, 32, 8)
    objects = np.array([[8.0, 1, 24, 10], [5, 0, 17, 16]])
    iou = functions["box_iou"](objects, anchors)
    written = [[0.07, 0.45, 0.45, 0.07, 0.03, 0.16, 0.16, 0.03], [0.17, 0.49, 0.10, 0, 0.17, 0.49, 0.10, 0]]
    assert_same(iou, written, 0.005)
    assert_same(functions["assign"](iou, anchors, objects), learns)
    if variant == "centre":
        alone = np.array([[10.0, 1, 26, 10]])
        iou = functions["box_iou"](alone, anchors)
        assert_same(iou[0, 1], 1 / 3)
        assert functions["assign"](iou, anchors, alone)[1] == -2


@pytest.mark.parametrize("variant, code, said, box", [
    ("sides", [1, 0.25, 3, 0.75], [-2, 0.25, 1, 20], [26, 18, 26, 282]),
    ("corners", [-0.5, 0.25, 2.5, 0.25], [2, 0.25, -0.5, 20], [14, 18, 26, 170]),
    ("roots", [0.5, 0.5, 1, 0], [0, 0, -3, 20], [14, 26 - 1024, 14, 26 + 1024]),
])  # fmt: skip
def test_the_code_of_the_term(variant, code, said, box):
    functions = reference(q8=variant)
    anchor = np.array([[10.0, 10, 18, 42]])
    assert_same(functions["encode_box"](anchor, np.array([[6.0, 18, 38, 50]])), [code])
    assert_same(functions["decode_box"](anchor, np.array([code])), [[6, 18, 38, 50]])
    assert_same(functions["decode_box"](anchor, np.array([said], float)), [box])


@pytest.mark.parametrize("variant, limit, left, scores", [
    ("merge", 0.5, [20, 0.8, 5], [0.93, 0.9, 0.5]),
    ("decay", 0.25, [20, 0, 5], [0.93, 0.9, 1 / 3]),
    ("votes", 0.6, [0, 20, 5], [0.96, 0.93, 0.5]),
])  # fmt: skip
def test_the_way_to_thin_out(variant, limit, left, scores):
    boxes = np.array([[0.0, 0, 10, 10], [2, 0, 12, 10], [5, 0, 15, 10], [20, 0, 30, 10]])
    found, new = reference(q9=variant)["thin"](boxes, np.array([0.9, 0.6, 0.5, 0.93]), limit)
    assert_same(found, [[x, 0, x + 10, 10] for x in left])
    assert_same(new, scores)
