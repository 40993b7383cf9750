"""Areas and overlaps, by hand and as torchvision computes them."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from minidet import ops, tensor
from minidet.autograd.gradcheck import gradcheck
from tests.fixtures import torchvision

A = np.array([[0, 0, 4, 2], [1, 1, 3, 5], [2, 2, 2, 6]], np.float32)  # the last has no area
B = np.array([[0, 0, 4, 2], [2, 0, 6, 2], [-4, -2, 0, 0], [2, 2, 2, 6]], np.float32)


def test_areas_by_hand():
    assert ops.box_area(A).numpy().tolist() == [8, 8, 0]
    assert ops.box_area(np.array([[0, 0, 2**20, 2**20]], np.int32)).numpy().tolist() == [2**40]
    assert ops.box_area(np.zeros((0, 4), np.float32)).shape == (0,)


def test_overlaps_by_hand():
    overlaps = ops.box_iou(A, B).numpy()
    assert overlaps.dtype == np.float32
    expected = [[1, 4 / 12, 0, 0], [2 / 14, 1 / 15, 0, 0], [0, 0, 0, 0]]  # boxes that touch share nothing
    np.testing.assert_allclose(overlaps, expected, rtol=1e-6)


@pytest.mark.parametrize("shapes", [(0, 3), (3, 0), (0, 0)])
def test_no_boxes(shapes):
    first, second = (np.zeros((n, 4), np.float32) for n in shapes)
    assert ops.box_iou(first, second).shape == shapes


def test_generalised_overlaps_by_hand():
    found = ops.generalized_box_iou(A, B).numpy()
    assert found[0, 0] == 1
    assert found[0, 2] == pytest.approx(0 - (8 * 4 - 16) / 32)  # they touch: half of the box around them is neither's
    assert found[1, 1] == pytest.approx(1 / 15 - (5 * 5 - 15) / 25)
    assert found[2, 3] == 0, "no area at all: torchvision's is NaN"


def test_clipping_by_hand():
    boxes = np.array([[-5, -5, 30, 40], [20, 10, 25, 12], [3, 4, 5, 6]], np.float32)
    expected = [[0, 0, 20, 10], [20, 10, 20, 10], [3, 4, 5, 6]]
    found = ops.clip_boxes_to_image(boxes, (10, 20))
    assert found.numpy().tolist() == expected
    assert found.dtype == np.float32
    several = ops.clip_boxes_to_image(np.stack([boxes, boxes], 1), (10, 20))  # (R, K, 4)
    assert several.numpy()[:, 1].tolist() == expected
    assert ops.clip_boxes_to_image(np.zeros((0, 3, 4), np.float32), (10, 20)).shape == (0, 3, 4)
    assert ops.clip_boxes_to_image(boxes.astype(np.int32), (10, 20)).numpy().tolist() == expected


def test_small_boxes_by_hand():
    boxes = np.array([[0, 0, 5, 5], [0, 0, 4.9, 9], [0, 0, 9, 4.9], [7, 7, 1, 1]], np.float32)
    found = ops.remove_small_boxes(boxes, 5)
    assert (found.numpy().tolist(), found.dtype) == ([0], np.int64)
    assert ops.remove_small_boxes(boxes, 0).numpy().tolist() == [0, 1, 2]


BOXES = st.lists(st.tuples(*[st.integers(-20, 20)] * 2, *[st.integers(0, 9)] * 2), min_size=1, max_size=4)


@hypothesis.given(BOXES, BOXES)
def test_overlaps_are_shares_of_pixels(first, second):
    lists = [np.array([[x, y, x + w, y + h] for x, y, w, h in boxes]) for boxes in (first, second)]

    def pixels(box):
        x1, y1, x2, y2 = box + 20
        plane = np.zeros((50, 50), bool)
        plane[y1:y2, x1:x2] = True
        return plane

    found = ops.box_iou(*lists).numpy()
    for i, a in enumerate(lists[0]):
        for j, b in enumerate(lists[1]):
            union = (pixels(a) | pixels(b)).sum()
            assert found[i, j] == pytest.approx((pixels(a) & pixels(b)).sum() / union if union else 0)


def test_gradients(rng):
    corners = rng.uniform(0, 10, (2, 3, 2))
    first, second = (np.concatenate([c, c + rng.uniform(3, 9, (3, 2))], 1) for c in corners)
    assert gradcheck(ops.box_area, (tensor(first, requires_grad=True),))
    assert gradcheck(ops.box_iou, (tensor(first, requires_grad=True), tensor(second, requires_grad=True)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_boxes_that_are_no_numbers(bad):
    boxes = A.copy()
    boxes[1, 2] = bad
    with pytest.raises(ValueError, match="box_area: boxes contains NaN or infinity, expected finite numbers"):
        ops.box_area(boxes)
    with pytest.raises(ValueError, match="box_iou: boxes1 contains NaN or infinity"):
        ops.box_iou(boxes, A)
    with pytest.raises(ValueError, match="box_iou: boxes2 contains NaN or infinity"):
        ops.box_iou(A, boxes)


@pytest.mark.parametrize(
    ("boxes", "error", "words"),
    [
        (np.zeros(4), ValueError, r"has shape \(4,\), expected \(N, 4\)"),
        (np.zeros((2, 5)), ValueError, r"has shape \(2, 5\), expected \(N, 4\)"),
        (np.zeros((2, 4), bool), TypeError, "has dtype bool"),
        (np.zeros((2, 4), complex), TypeError, "complex"),
        ("boxes", TypeError, "is a str, expected a tensor"),
    ],
)
def test_what_is_no_list_of_boxes(boxes, error, words):
    with pytest.raises(error, match="boxes2.*" + words):
        ops.box_iou(A, boxes)


@pytest.mark.parity
def test_the_same_as_torch(rng):
    torch = pytest.importorskip("torch")
    corners = rng.uniform(-50, 50, (2, 20, 2)).astype(np.float32)
    a, b = (np.concatenate([c, c + rng.uniform(0, 60, (20, 2)).astype(np.float32)], 1) for c in corners)
    # torchvision's box_iou, word for word; torchvision itself is not installed
    ta, tb = torch.from_numpy(a), torch.from_numpy(b)
    wh = (torch.min(ta[:, None, 2:], tb[:, 2:]) - torch.max(ta[:, None, :2], tb[:, :2])).clamp(min=0)
    inter = wh[:, :, 0] * wh[:, :, 1]
    areas = [(t[:, 2] - t[:, 0]) * (t[:, 3] - t[:, 1]) for t in (ta, tb)]
    expected = inter / (areas[0][:, None] + areas[1] - inter)
    np.testing.assert_allclose(ops.box_iou(a, b).numpy(), expected.numpy(), rtol=1e-5, atol=1e-7)


def test_generalised_overlaps_are_torchvisions():
    boxes, expected = (torchvision()[name] for name in ("boxes", "giou"))
    np.testing.assert_allclose(ops.generalized_box_iou(boxes[:20], boxes[20:40]).numpy(), expected, 1e-5, 1e-6)
