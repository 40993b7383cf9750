"""The numbers that assignment 8 works out by hand in its text, against the reference of each variant."""

import pathlib

import numpy as np
import pytest

from minidet import tensor
from minidet.grading.assignments.assignment import load
from minidet.ops import paste_masks_in_image, roi_align
from minidet.ops.masks import crop_masks

SOURCE = pathlib.Path(__file__).parents[2] / "assignments" / "source" / "a8_mask_rcnn"
MAP = np.array([[0, 8, 4, 0], [4, 0, 8, 4], [8, 4, 0, 12], [0, 4, 8, 4]], float)
ODDS = np.array([[1, 3], [1 / 3, 1]])  # of p = 1/2, 3/4, 1/4, 1/2
TARGET = np.array([[1, 1], [0, 0.5]])


def reference(**variants):
    return load(SOURCE, "by hand", variants=variants).reference


def assert_near(found, right, atol=6e-4):
    np.testing.assert_allclose(found, right, atol=atol)


def heads(background=True):
    """Return logits, targets and labels of the text: one region of class 2, and one of background."""
    logits = np.full((2, 3, 2, 2), 7.0)
    logits[0, 2] = np.log(ODDS)
    rows = slice(None) if background else slice(1)
    return logits[rows], np.stack([TARGET, TARGET])[rows], np.array([2, 0])[rows]


def test_regions_and_their_gradient():
    functions = reference()
    assert_near(functions["roi_align"](MAP[None, None], np.array([[0, 1, 2, 5, 6]]), 2, 0.5, 1)[0, 0], [[2, 4], [6, 2]])
    blue, orange = [0, 0.75, 0.25, 2.75, 2.25], [0, 1, 0.5, 3, 2.5]
    assert_near(functions["roi_align"](MAP[None, None], np.array([blue]), 1, 1.0, 1), 3.25)
    grad = np.array([16.0, 4])[:, None, None, None]
    found = functions["roi_align_grad"](grad, np.array([blue, orange]), (1, 1, 4, 4), 1.0, 1)[0, 0]
    assert_near(found, [[0, 3, 1, 0], [0, 11, 5, 0], [0] * 4, [0] * 4])


def test_the_standard_questions_are_those_of_the_library():
    functions, rng = reference(), np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 7, 9))
    rois = np.array([[0, 1.0, 2, 9, 11], [1, -3, 4, 5, 20], [1, 30, 3, 40, 9], [0, 3, 3, 3, 3]])
    for bins, samples in ((2, 1), (3, 2)):
        assert_near(
            functions["roi_align"](x, rois, bins, 0.5, samples),
            roi_align(tensor(x), rois, bins, 0.5, samples, True).numpy(),
            1e-9,
        )
        y = tensor(x, requires_grad=True)
        grad = rng.normal(size=(4, 3, bins, bins))
        roi_align(y, rois, bins, 0.5, samples, True).backward(tensor(grad))
        assert_near(functions["roi_align_grad"](grad, rois, x.shape, 0.5, samples), y.grad.numpy(), 1e-9)
    masks, boxes = rng.random((3, 8, 9)) < 0.5, np.array([[0.5, 1, 6, 7.2], [-2, 3, 4, 12], [3, 3, 3, 5]])
    assert_near(functions["mask_targets"](masks, boxes, np.arange(3), 4), crop_masks(masks, boxes, (4, 4)), 1e-6)
    values = rng.random((3, 4, 4))
    assert_near(
        functions["paste_masks"](values, boxes, (8, 9)),
        paste_masks_in_image(values[:, None], boxes, (8, 9)).numpy()[:, 0],
        1e-9,
    )


def test_targets_loss_and_pasting():
    functions = reference()
    pixels = np.array([[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]], bool)
    target = functions["mask_targets"](pixels[None], np.array([[0.5, 0, 3.5, 3]]), np.array([0]), 2)[0]
    assert_near(target, [[2 / 3, 7 / 9], [2 / 9, 1]])
    assert_near(functions["mask_loss"](*heads()), 0.490)
    found = functions["mask_loss_grad"](*heads())
    assert_near(found[0, 2], [[-1 / 8, -1 / 16], [1 / 16, 0]])
    assert np.count_nonzero(found) == 3
    pasted = functions["paste_masks"](np.array([[[32.0, 0], [0, 16]]]), np.array([[1.0, 0, 5, 4]]), (4, 6))[0]
    assert_near(pasted, [[0, 32, 24, 8, 0, 0], [0, 24, 19, 9, 4, 0], [0, 8, 9, 11, 12, 0], [0, 0, 4, 12, 16, 0]])


def test_matching_and_precision():
    functions = reference()
    ious = np.array([[0.6, 0.7], [0.65, 0.75], [0.8, 0.1]])
    assert functions["match"](ious, 0.6).tolist() == [True, True, False]
    value = functions["average_precision"](np.array([0.5, 0.9, 0.8, 0.6]), np.array([True, True, False, True]), 3)
    assert_near(value, 0.834)


@pytest.mark.parametrize("variant, region, bins, samples, values, first", [
    ("largest", (0.5, 0.5, 2.5, 2.5), 1, 2, [[5]], [[0, 1 / 4, 1 / 4, 0], [0, 1 / 4, 1 / 4, 0], [0] * 4, [0] * 4]),
    ("cubic", (1, 1, 3, 3), 1, 1, [[508 / 256]], np.outer([-1, 9, 9, -1], [-1, 9, 9, -1]) / 256),
    ("rotated", (2, 2, 2, 2, np.pi / 2), 2, 1, [[8, 0], [0, 4]], [[0] * 4, [0, 0, 1, 0], [0] * 4, [0] * 4]),
])  # fmt: skip
def test_another_way_to_read(variant, region, bins, samples, values, first):
    functions, regions = reference(q7=variant), np.array([region], float)
    assert_near(functions["other_align"](MAP[None], regions, bins, samples)[0, 0], values)
    grad = np.zeros((1, 1, bins, bins))
    grad[0, 0, 0, 0] = 1
    assert_near(functions["other_align_grad"](grad, MAP[None], regions, bins, samples)[0], first)


def test_the_cubic_weights_of_a_quarter():
    row = np.eye(6)[:, None]  # cell by cell
    found = reference(q7="cubic")["other_align"](row, np.array([[2.25, 0, 3.25, 1]]), 1, 1)[0, :, 0, 0]
    assert_near(found * 128, [0, -9, 111, 29, -3, 0], 1e-9)


@pytest.mark.parametrize("variant, value, gradient", [
    ("jaccard", 0.375, [[-0.0625, -0.0469], [0.0293, -0.0117]]),
    ("balanced", 0.477, [[-0.1, -0.05], [0.0833, 0.0333]]),
    ("border", 0.537, [[-0.1538, -0.0192], [0.0769, 0]]),
])  # fmt: skip
def test_another_loss(variant, value, gradient):
    functions = reference(q8=variant)
    for background in (True, False):
        assert_near(functions["other_mask_loss"](*heads(background)), value)
        assert_near(functions["other_mask_loss_grad"](*heads(background))[0, 2], gradient, 6e-5)


@pytest.mark.parametrize("question, variant, name", [
    ("q8", "jaccard", "other_mask_loss"), ("q8", "balanced", "other_mask_loss"), ("q8", "border", "other_mask_loss"),
    ("q4", None, "mask_loss"),
])  # fmt: skip
def test_gradients_of_losses_are_slopes(question, variant, name):
    functions, rng = reference(**({question: variant} if variant else {})), np.random.default_rng(1)
    logits, targets, labels = rng.normal(size=(3, 3, 3, 3)), rng.random((3, 3, 3)), np.array([1, 0, 2])
    slope = functions[f"{name}_grad"](logits, targets, labels)
    for place in ((0, 1, 0, 2), (0, 1, 1, 1), (2, 2, 2, 0), (1, 0, 0, 0), (2, 1, 1, 1)):
        step = np.zeros(logits.shape)
        step[place] = 1e-5
        change = functions[name](logits + step, targets, labels) - functions[name](logits - step, targets, labels)
        assert_near(slope[place], change / 2e-5, 1e-8)


@pytest.mark.parametrize("variant", ["largest", "cubic", "rotated"])
def test_gradients_of_readings_are_slopes(variant):
    functions, rng = reference(q7=variant), np.random.default_rng(2)
    x, grad = rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 2, 2, 2))
    regions = (
        np.array([[2.0, 2.2, 3, 2.4, 0.7], [0.3, 4, 2, 2, -0.4]])
        if variant == "rotated"
        else np.array([[1.2, 0.4, 4.1, 3], [-1, 2, 2.5, 6]])
    )
    slope = functions["other_align_grad"](grad, x, regions, 2, 2)
    for place in ((0, 0, 0), (0, 2, 2), (1, 4, 0), (1, 3, 3), (0, 1, 4)):
        step = np.zeros(x.shape)
        step[place] = 1e-6
        change = functions["other_align"](x + step, regions, 2, 2) - functions["other_align"](x - step, regions, 2, 2)
        assert_near(slope[place], (change * grad).sum() / 2e-6, 1e-6)


@pytest.mark.parametrize("variant, value", [("boundary", 1 / 13), ("trimap", 4 / 14), ("hull", 9 / 31 - 11 / 42)])
def test_another_overlap(variant, value):
    true, found = np.zeros((1, 6, 7), bool), np.zeros((1, 6, 7), bool)
    true[:, 1:5, :4] = found[:, 2:, 1:] = True
    assert_near(reference(q9=variant)["other_overlap"](found, true, 1), value, 1e-9)
