"""Formats of boxes: each by hand, and back."""

import itertools

import numpy as np
import pytest

from minidet import ops
from minidet.ops.convert import FORMATS

SAME = {"xyxy": [2, 3, 8, 5], "xywh": [2, 3, 6, 2], "cxcywh": [5, 4, 6, 2]}


@pytest.mark.parametrize(("given", "asked"), list(itertools.product(FORMATS, FORMATS)))
def test_by_hand(given, asked):
    boxes = np.array([SAME[given]], np.float32)
    found = ops.box_convert(boxes, given, asked)
    assert found.numpy().tolist() == [SAME[asked]]
    assert found.dtype == np.float32
    found.numpy()[0, 0] = 99
    assert boxes[0, 0] != 99, "the result shares memory with what was given"


def test_integers_keep_their_halves():
    """torchvision's centre of [0, 0, 3, 1] in integers is [1, 0]."""
    assert ops.box_convert(np.array([[0, 0, 3, 1]]), "xyxy", "cxcywh").numpy().tolist() == [[1.5, 0.5, 3, 1]]
    assert ops.box_convert(np.array([[0, 0, 3, 1]]), "xyxy", "xywh").dtype == np.int64
