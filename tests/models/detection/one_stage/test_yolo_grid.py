"""Which cell finds which object, and what a grid cannot find."""

import math

import numpy as np
import pytest

from minidet.models.detection import grid_recall
from minidet.models.detection.one_stage.yolo_grid import cells_of, owners

SIZE = (60, 90)  # cells of 30 x 20 pixels, three a side
LARGE, SMALL, OTHER = [0, 0, 28, 18], [10, 5, 20, 15], [50, 30, 60, 34]


def test_the_cell_of_a_centre():
    boxes = np.array([[0, 0, 10, 10], [55, 15, 65, 25], [80, 50, 100, 70], [-50, -50, -40, -40], [85, 0, 95, 4]])
    assert cells_of(boxes, SIZE, 3).tolist() == [[0, 0], [1, 2], [2, 2], [0, 0], [0, 2]]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_of_several_objects_in_a_cell_the_largest_is_learnt(order):
    boxes = np.array([LARGE, SMALL, OTHER], np.float32)[list(order)]
    found = owners(boxes, SIZE, 3)
    assert found[0, 0] == order.index(0)
    assert found[1, 1] == order.index(2)
    assert (found >= 0).sum() == 2


def test_of_equal_objects_the_first():
    assert owners(np.array([SMALL, SMALL]), SIZE, 3)[0, 0] == 0


def test_recall_of_a_grid():
    image = np.zeros((3, *SIZE), np.float32)
    samples = [
        (image, {"boxes": [LARGE, SMALL, OTHER], "labels": [1, 2, 3]}),
        (image, {"boxes": [OTHER, [5, 5, 5, 9], LARGE], "labels": [1, 1, 1], "difficult": [0, 0, 1]}),
        (image, {"boxes": [], "labels": []}),
    ]
    assert grid_recall(samples, 3) == 3 / 4
    assert grid_recall(samples, 60) == 1
    assert math.isnan(grid_recall(samples[2:], 3))
    with pytest.raises(ValueError, match="grid_recall: grid is 0"):
        grid_recall(samples, 0)
    with pytest.raises(
        TypeError, match=r"grid_recall: data has a sample that is a int, expected samples \(image, target"
    ):
        grid_recall([3])
