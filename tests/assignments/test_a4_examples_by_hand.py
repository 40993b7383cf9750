"""The numbers that assignment 4 works out by hand in its text, against the reference of each variant."""

import pathlib

import numpy as np
import pytest

from minidet.grading.assignments.assignment import load

SOURCE = pathlib.Path(__file__).parents[2] / "assignments" / "source" / "a4_localization_and_pose"
R, T = np.array([[10.0, 20, 30, 60]]), np.array([[16.0, 30, 26, 110]])
LOG2 = np.log(2)
HILL = [[0.131, 0.458, 0.588, 0.278], [0.216, 0.755, 0.969, 0.458], [0.131, 0.458, 0.588, 0.278]]
BATCH = np.array([LOG2, 0.2, 2 * LOG2, 0]), np.array([2.0, 5, 1, 2]), np.array([1, 0, 2, 3])


def reference(**variants):
    return load(SOURCE, "by hand", variants=variants).reference


def assert_near(value, expected, atol=6e-4):
    np.testing.assert_allclose(value, expected, rtol=0, atol=atol)


def test_boxes():
    functions = reference()
    a, *others = (np.array([box], float) for box in ((0, 0, 4, 3), (2, 1, 5, 5), (4, 0, 6, 3), (5, 4, 8, 6)))
    assert functions["box_areas"](np.concatenate([a, others[0]])).tolist() == [12, 12]
    assert_near(functions["box_iou"](a, np.concatenate(others)), [[0.2, 0, 0]], 1e-12)
    point = np.array([[2.0, 2, 2, 2]])
    assert functions["box_iou"](point, point).tolist() == [[0]]

    boxes = np.concatenate([R, [[15.0, 10, 35, 50]], T, [[3, 3, 3, 9]]])
    codes, valid = functions["encode_boxes"](boxes, np.repeat(R, 4, 0))
    assert_near(codes, [[0, 0, 0, 0], [0.25, -0.25, 0, 0], [0.05, 0.75, -0.693, 0.693], [0, 0, 0, 0]])
    assert valid.tolist() == [True, True, True, False]
    assert_near(functions["decode_boxes"](codes[2:3], R), T, 1e-9)


@pytest.mark.parametrize("variant, of_r, of_t, strange, box", [
    ("sides", [0.5] * 4, [0.2, 0.25, 0.3, 1.75], [-0.5, 0.25, 0.2, 1.75], [27, 30, 27, 110]),
    ("roots", [0] * 4, [0.224, 0.866, -0.293, 0.414], [0, 0, -1.3, 0], [20, 20, 20, 60]),
    ("aspect", [0] * 4, [0.0224, 0.671, 0, -1.386], [0, 0, 4, 9], [20 - 10 * np.e**4, 20, 20 + 10 * np.e**4, 60]),
])  # fmt: skip
def test_the_codes(variant, of_r, of_t, strange, box):
    functions = reference(q3=variant)
    assert_near(functions["encode_special"](np.concatenate([R, T]), np.repeat(R, 2, 0)), [of_r, of_t])
    assert_near(functions["decode_special"](functions["encode_special"](T, R), R), T, 1e-9)
    assert_near(functions["decode_special"](np.array([strange]), R), [box], 1e-9)


def test_losses():
    functions = reference()
    for scores, kind, loss, gradient in (
        (np.log([1, 4, 3]), "softmax", 0.693, [1 / 8, -4 / 8, 3 / 8]),
        ([1, 2, 1.5], "hinge", 0.5, [0, -1, 1]),
        ([1.2, 2, 1.5], "hinge", 0.7, [1, -2, 1]),
    ):
        args = np.array([scores], float), np.array([1]), kind
        assert_near(functions["class_losses"](*args), [loss])
        assert_near(functions["class_losses_grad"](*args), [gradient])
    assert functions["class_losses"](np.array([[0.0, 1000]]), np.array([0]), "softmax").tolist() == [1000]

    codes = np.zeros((1, 4, 4))
    codes[0, 2] = 0.5, -1, 2, 0
    for kind, beta, loss, gradient in (
        ("l2", 1, 2.125, [0, -2, 0.5, 0]),
        ("smooth_l1", 1, 1.625, [0, -1, 0.5, 0]),
        ("smooth_l1", 0.5, 2, [0, -1, 1, 0]),
    ):
        args = codes, np.array([[0.5, 1, 1.5, 0]]), np.array([2]), kind, beta
        assert_near(functions["box_losses"](*args), [loss], 1e-12)
        assert_near(functions["box_losses_grad"](*args)[0], [[0] * 4, [0] * 4, gradient, [0] * 4], 1e-12)

    batch = np.array([0.7, 0.2, 0.9]), np.array([2.0, 5, 1]), np.array([1, 0, 2])
    total, d_class, d_box = functions["multi_task_loss"](*batch, 2)
    assert_near(total, 3.6, 1e-12)
    assert_near([d_class, d_box], [[1 / 3] * 3, [1, 0, 1]], 1e-12)


@pytest.mark.parametrize("variant, setting, loss, gradients", [
    ("hardest", 2, 2.570, ([0.25] * 4, [0.5, 0, 0, 0.5])),
    ("hardest", 1, 2.570, ([0.25] * 4, [1, 0, 0, 0])),
    ("trust", 1.0, 1.653, ([-0.083, 0.25, 0.167, -0.417], [1 / 6, 0, 1 / 12, 1 / 3])),
    ("uncertain", np.array([LOG2, -LOG2]), 3.618, ([0.125] * 4, [2 / 3, 0, 2 / 3, 2 / 3], [0.715, -2.333])),
])  # fmt: skip
def test_the_joined_loss(variant, setting, loss, gradients):
    functions = reference(q7=variant)
    assert_near(functions["join_losses"](*BATCH, setting), loss)
    for got, expected in zip(functions["join_losses_grad"](*BATCH, setting), gradients, strict=True):
        assert_near(got, expected)


@pytest.mark.parametrize("variant, setting", [("hardest", 2), ("trust", 0.7), ("uncertain", np.array([0.3, -0.4]))])
def test_its_gradient_is_that_of_differences(variant, setting):
    functions = reference(q7=variant)
    inputs = [BATCH[0] + 0.1, BATCH[1] + np.arange(4) / 10, setting]

    def loss(changed):
        return functions["join_losses"](changed[0], changed[1], BATCH[2], changed[2])

    for number, slope in enumerate(functions["join_losses_grad"](inputs[0], inputs[1], BATCH[2], setting)):
        for place in range(len(slope)):
            step = np.zeros(len(slope))
            step[place] = 1e-6
            ends = [loss([x + sign * step if i == number else x for i, x in enumerate(inputs)]) for sign in (1, -1)]
            assert_near(slope[place], (ends[0] - ends[1]) / 2e-6, 1e-8)


def test_heatmaps_and_places():
    functions = reference()
    maps, weights = functions["heatmap_targets"](np.array([[9.0, 6, 2]]), (3, 4), 4, 1.0)
    assert_near(maps, [HILL])
    assert weights.tolist() == [1]
    assert_near(functions["decode_heatmaps"](maps, 4), [[9, 6]], 1e-12)


@pytest.mark.parametrize("variant, x", [("parabola", 9.18), ("mass", 9.46), ("second", 9)])
def test_the_decoding(variant, x):
    functions = reference(q10=variant)
    maps, _ = functions["heatmap_targets"](np.array([[9.0, 6, 2]]), (3, 4), 4, 1.0)
    assert_near(functions["refine_places"](maps, 4), [[x, 6]], 6e-3)
    if variant == "second":
        far = np.zeros((1, 4, 6))
        far[0, 1, 2], far[0, 3, 5] = 2, 1
        assert_near(functions["refine_places"](far, 1), [[2.708, 1.639]])


def test_flips_and_pck():
    functions = reference()
    assert functions["flip_boxes"](np.array([[1.0, 2, 5, 8]]), 20).tolist() == [[15, 2, 19, 8]]
    hands = np.array([[2.0, 4, 2], [12, 7, 2]])
    assert functions["flip_joints"](hands, 20, [(0, 1)]).tolist() == [[8, 7, 2], [18, 4, 2]]

    truth = np.array([[[10, 10, 2], [10, 20, 2], [14, 12, 2]], [[30, 10, 2], [30, 30, 2], [0, 0, 0.0]]])
    answers = np.array([[[10, 10], [13, 24], [14, 18]], [[36, 18], [30, 45], [3, 3.0]]])
    shares, mean = functions["pck"](truth, answers, (0, 1), 0.5)
    assert_near(shares, [1, 0.5, 0], 1e-12)
    assert_near(mean, 0.5, 1e-12)
