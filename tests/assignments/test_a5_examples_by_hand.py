"""The numbers that assignment 5 works out by hand in its text, against the reference of each variant."""

import pathlib

import numpy as np
import pytest

from minidet.grading.assignments.assignment import load

SOURCE = pathlib.Path(__file__).parents[2] / "assignments" / "source" / "a5_rcnn_to_fast_rcnn"
MAP = np.array([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3], [5, 8, 9, 7, 9], [3, 2, 3, 8, 4.0]])


def reference(**variants):
    return load(SOURCE, "by hand", variants=variants).reference


def three_regions():
    """Return scores, deltas, labels and targets of the example of question 9."""
    scores = np.log([[1.0, 2, 1], [6, 1, 1], [1, 2, 1]])
    deltas, targets = np.full((3, 3, 4), 7.0), np.full((3, 4), 3.0)
    deltas[0, 1] = targets[0] + [0.5, 0, 2, -1]
    return scores, deltas, np.array([1, 0, 0]), targets


def test_nms():
    functions = reference()
    boxes = np.array([[0, 0, 8, 6], [2, 0, 10, 6], [4, 0, 12, 6], [14, 1, 18, 5.0]])
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    assert functions["nms"](boxes, scores, 0.5).tolist() == [0, 2, 3]
    assert functions["nms"](boxes, scores, 0.6).tolist() == [0, 1, 2, 3], "an IoU of 0.6 is not above 0.6"
    assert functions["nms_per_class"](boxes, scores, np.array([0, 1, 0, 0]), 0.5).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("variant, box, score", [
    ("vote", [2.25, 0.5, 8.75, 5.5], 0.6), ("hull", [0, 0, 11, 6], 0.928), ("median", [3, 0, 8, 6], 1.6 / 3),
])  # fmt: skip
def test_groups(variant, box, score):
    boxes = np.array([[20, 0, 24, 4], [3, 0, 11, 6], [0, 0, 8, 6], [6, 2, 8, 4.0]])
    merged, scores = reference(q2=variant)["merge_groups"](boxes, np.array([0.5, 0.4, 0.8, 0.4]), 0.5)
    np.testing.assert_allclose(merged, [box, [20, 0, 24, 4]], atol=1e-12)
    np.testing.assert_allclose(scores, [score, 0.5])


def test_warp():
    picture = np.array([[0, 2, 4, 6], [1, 3, 5, 7], [8, 6, 4, 2], [2, 2, 2, 0.0]])
    boxes = np.array([[2, 2, 2, 3], [0, 1, 4, 3.0]])
    crops, kept = reference()["warp"](picture[None], boxes, 4, 1, np.array([9.0]))
    np.testing.assert_allclose(crops, [[[[9, 1, 5, 9], [9, 2, 6, 9], [9, 7, 3, 9], [9, 2, 1, 9]]]])
    assert kept.tolist() == [1]


def test_hard_negatives():
    functions = reference()
    overlaps = np.array([1, 0.7, 0.3, 0.29, 0, 0.1, 0.2])[:, None]
    roles = functions["svm_roles"](overlaps, np.arange(7) == 0)
    assert roles.tolist() == [1, 0, 0, -1, -1, -1, -1]
    scores = np.array([2, 1.5, 0.8, 0.5, -1, -0.4, 0.3])
    assert functions["hard_negatives"](scores, roles, np.array([3]), 10).tolist() == [6, 5]


def test_ridge():
    functions = reference()
    features, targets = np.array([[2.0], [6]]), np.repeat([[0.1], [0.3]], 4, axis=1)
    weight, bias = functions["fit_ridge"](features, targets, 8.0)
    np.testing.assert_allclose(weight, np.full((1, 4), 0.025))
    np.testing.assert_allclose(bias, np.full(4, 0.1))
    moved = functions["move_boxes"](np.array([[10, 20, 30, 60.0]]), features[1:], weight, bias)
    np.testing.assert_allclose(moved, [[12.16, 24.32, 37.84, 75.68]], atol=5e-3)


def test_roi_pooling():
    functions = reference()
    rois = np.array([[0, 4, 11, 27, 28.0]])
    values, places = functions["roi_pool"](MAP[None, None], rois, 2, 1 / 8)
    np.testing.assert_array_equal(values[0, 0], [[9, 9], [3, 8]])
    np.testing.assert_array_equal(places[0, 0], [[12, 12], [17, 18]])
    grad = np.array([[[[1.0, 2], [3, 4]]]])
    expected = [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 3, 0, 0], [0, 0, 3, 4, 0]]
    np.testing.assert_array_equal(functions["roi_pool_grad"](grad, places, rois, (1, 1, 4, 5))[0, 0], expected)


@pytest.mark.parametrize("variant, pooled", [
    ("centres", [[3, 4], [9, 6]]), ("touched", [[3.75, 4], [6, 6.75]]), ("area", [[3, 13 / 3], [17 / 3, 7]]),
])  # fmt: skip
def test_the_other_pooling(variant, pooled, rng):
    functions = reference(q7=variant)
    box = np.array([[4.0, 4, 28, 20]])
    np.testing.assert_allclose(functions["pool_regions"](MAP[None], box, 2, 1 / 8)[0, 0], pooled)
    boxes = np.array([[4.0, 4, 28, 20], [-3, 2, 17, 50], [9, 9, 9, 20]])
    features, grad = rng.permutation(40).reshape(2, 4, 5) / 1.0, rng.standard_normal((3, 2, 2, 2))
    slope = functions["pool_regions_grad"](grad, features, boxes, 2, 1 / 8)
    assert_slope(lambda x: (functions["pool_regions"](x, boxes, 2, 1 / 8) * grad).sum(), features, slope)


def test_sampling():
    overlaps = np.array([[0.6, 0], [0.2, 0.4], [0, 0], [0.5, 0.7], [0.1, 0], [0.05, 0]])
    rows, objects = reference()["sample_regions"](overlaps, np.array([5, 2, 0, 1, 4, 3]), 4, 0.25)
    assert (rows.tolist(), objects.tolist()) == ([0, 1, 4, 5], [0, -1, -1, -1])


def test_the_loss():
    functions, args = reference(), three_regions()
    np.testing.assert_allclose(functions["multi_task_loss"](*args), [0.789, 2.125 / 3], atol=5e-4)
    d_scores, d_deltas = functions["multi_task_grad"](*args)
    np.testing.assert_allclose(d_scores[0], np.array([0.25, -0.5, 0.25]) / 3)
    np.testing.assert_allclose(d_deltas[0, 1], np.array([0.5, 0, 1, -1]) / 3)
    assert np.count_nonzero(d_deltas) == 3
    assert_slope(lambda x: sum(functions["multi_task_loss"](x, *args[1:])), args[0], d_scores)


@pytest.mark.parametrize("variant, value", [("hardest", 2.102), ("balanced", 2.533), ("certain", 1.143)])
def test_the_other_loss(variant, value):
    functions, args = reference(q10=variant), three_regions()
    np.testing.assert_allclose(functions["roi_loss"](*args), value, atol=6e-4)
    args[1][0, 1, 3] += 0.25  # away from the kink
    d_scores, d_deltas = functions["roi_loss_grad"](*args)
    assert_slope(lambda x: functions["roi_loss"](x, *args[1:]), args[0], d_scores)
    assert_slope(lambda x: functions["roi_loss"](args[0], x, *args[2:]), args[1], d_deltas)


def assert_slope(function, x, slope, step=1e-5):
    """Compare a gradient with finite differences."""
    measured = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        high, low = x.copy(), x.copy()
        high[index] += step
        low[index] -= step
        measured[index] = (function(high) - function(low)) / (2 * step)
    np.testing.assert_allclose(slope, measured, atol=1e-7)
