"""Codes of boxes: by hand, back again, and torchvision's."""

import math

import numpy as np
import pytest

from minidet import ops, tensor
from minidet.autograd.gradcheck import gradcheck
from tests.fixtures import torchvision

PROPOSALS = np.array([[0, 0, 10, 20], [10, 10, 14, 12]], np.float64)
BOXES = np.array([[5, 5, 25, 15], [10, 10, 14, 12]], np.float64)
CODES = [[1, 0, math.log(2), -math.log(2)], [0, 0, 0, 0]]  # centres (5, 10) and (15, 10), sizes 10 x 20 and 20 x 10


def test_codes_by_hand():
    coder = ops.BoxCoder((1, 1, 1, 1))
    np.testing.assert_allclose(coder.encode_single(BOXES, PROPOSALS).numpy(), CODES)
    np.testing.assert_allclose(coder.decode_single(np.array(CODES), PROPOSALS).numpy(), BOXES)
    weighted = ops.BoxCoder((10, 20, 5, 4))
    np.testing.assert_allclose(weighted.encode_single(BOXES, PROPOSALS).numpy(), CODES * np.array([10, 20, 5, 4.0]))
    np.testing.assert_allclose(weighted.decode_single(CODES * np.array([10, 20, 5, 4.0]), PROPOSALS).numpy(), BOXES)


def test_what_is_decoded_was_encoded(rng):
    corners = rng.uniform(-50, 50, (2, 30, 2))
    boxes, proposals = (np.concatenate([c, c + rng.uniform(1, 40, (30, 2))], 1).astype(np.float32) for c in corners)
    coder = ops.BoxCoder((10.0, 10.0, 5.0, 5.0))
    codes = coder.encode([boxes[:10], boxes[10:10], boxes[10:]], [proposals[:10], proposals[10:10], proposals[10:]])
    assert [code.shape for code in codes] == [(10, 4), (0, 4), (20, 4)]
    joined = np.concatenate([code.numpy() for code in codes])
    back = coder.decode(joined, [proposals[:10], proposals[10:]])
    assert back.shape == (30, 1, 4)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back.numpy()[:, 0], boxes, rtol=1e-4, atol=1e-4)


def test_growth_ends_at_a_thousand_over_sixteen():
    coder = ops.BoxCoder((1, 1, 2, 2))
    (box,) = coder.decode_single(np.array([[0, 0, 1e30, 200]], np.float32), np.array([[0, 0, 16, 16]])).numpy()
    np.testing.assert_allclose(box, [-492, -492, 508, 508], rtol=1e-5)
    (box,) = coder.decode_single(np.array([[0, 0, -1e30, 0]], np.float32), np.array([[0, 0, 16, 16]])).numpy()
    np.testing.assert_allclose(box, [8, 0, 8, 16])  # down to nothing


def test_no_boxes():
    coder = ops.BoxCoder((1, 1, 1, 1))
    nothing = np.zeros((0, 4), np.float32)
    assert coder.decode(np.zeros((0, 12), np.float32), [nothing, nothing]).shape == (0, 3, 4)
    assert coder.decode(np.zeros((0, 12), np.float32), []).shape == (0, 3, 4)
    assert coder.encode([nothing], [nothing])[0].shape == (0, 4)
    assert coder.encode([], []) == ()


def test_gradients(rng):
    coder = ops.BoxCoder((10, 10, 5, 5))
    codes = tensor(rng.normal(0, 1, (2, 8)), requires_grad=True)
    proposals, boxes = tensor(PROPOSALS, requires_grad=True), tensor(BOXES + 0.5, requires_grad=True)
    assert gradcheck(coder.decode_single, (codes, proposals))
    assert gradcheck(coder.encode_single, (boxes, proposals))


def test_the_same_as_torchvision():
    recorded = torchvision()
    coder = ops.BoxCoder((10.0, 10.0, 5.0, 5.0))
    found = coder.encode_single(recorded["reference"], recorded["proposals"]).numpy()
    np.testing.assert_allclose(found, recorded["encoded"], 1e-5, 1e-5)
    proposals = recorded["proposals"]
    found = coder.decode(recorded["codes"], [proposals[:12], proposals[12:]]).numpy()
    np.testing.assert_allclose(found, recorded["decoded"], 1e-5, 1e-4, strict=True)
    assert (recorded["codes"][:, 2::4] > 5 * math.log(1000 / 16)).any(), "nothing is clamped"


@pytest.mark.parametrize("flat", [[3, 3, 3, 9], [3, 3, 9, 3], [5, 3, 4, 9]])
def test_a_box_without_area_has_no_code(flat):
    coder = ops.BoxCoder((1, 1, 1, 1))
    boxes = BOXES.copy()
    boxes[1] = flat
    with pytest.raises(ValueError, match=r"BoxCoder.encode: reference_boxes contains \[.*expected boxes with area"):
        coder.encode_single(boxes, PROPOSALS)
    with pytest.raises(ValueError, match="BoxCoder.encode: proposals contains"):
        coder.encode_single(PROPOSALS, boxes)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: ops.BoxCoder((1, 1, 1)),
            ValueError,
            r"BoxCoder: weights is \(1, 1, 1\), expected four positive numbers",
        ),
        (lambda: ops.BoxCoder((1, 1, 1, 0)), ValueError, "BoxCoder: weights"),
        (lambda: ops.BoxCoder((1, 1, 1, math.inf)), ValueError, "BoxCoder: weights"),
        (lambda: ops.BoxCoder((1, 1, 1, 1), math.nan), ValueError, "BoxCoder: bbox_xform_clip is nan"),
        (lambda: ops.BoxCoder((1, 1, 1, 1)).encode(BOXES, PROPOSALS), TypeError, "reference_boxes is a ndarray"),
        (lambda: ops.BoxCoder((1, 1, 1, 1)).encode([BOXES], []), ValueError, "proposals has 0 images, expected 1"),
        (
            lambda: ops.BoxCoder((1, 1, 1, 1)).encode_single(BOXES, BOXES[:1]),
            ValueError,
            r"proposals has shape \(1, 4\)",
        ),
        (lambda: ops.BoxCoder((1, 1, 1, 1)).decode(BOXES[:, :3], [BOXES]), ValueError, r"rel_codes has shape \(2, 3\)"),
        (lambda: ops.BoxCoder((1, 1, 1, 1)).decode(BOXES[:1], [BOXES]), ValueError, r"expected \(2, 4 K\)"),
        (lambda: ops.BoxCoder((1, 1, 1, 1)).decode(BOXES, [BOXES * np.nan]), ValueError, "boxes contains NaN"),
        (lambda: ops.BoxCoder((1, 1, 1, 1)).decode(BOXES.astype(int), [BOXES]), TypeError, "rel_codes has dtype int64"),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
