"""The three thresholds: what a region teaches."""

import numpy as np

from minidet.models.detection.rcnn.windows import (
    draw_batch,
    fine_tuning_labels,
    regression_pairs,
    solid,
    svm_negatives,
)
from minidet.models.detection.truth import read_target

#: an object of 10 x 10, and regions of which it covers a share: of IoU 1, 0.61, 0.6, 0.5, 0.49, 0.3, 0.29, 0
SHARES = (1.0, 0.61, 0.6, 0.5, 0.49, 0.3, 0.29)
REGIONS = np.array([[0, 0, 10, 10 * share] for share in SHARES] + [[30, 30, 40, 40]], np.float64)


def truth(**marks):
    return read_target("test", {"boxes": [[0, 0, 10, 10]], "labels": [2], **marks}, 4, np.float64)


def test_fine_tuning_from_one_half():
    assert fine_tuning_labels(REGIONS, truth()).tolist() == [2, 2, 2, 2, 0, 0, 0, 0]


def test_negatives_of_an_svm_below_three_tenths_of_its_own_class():
    negative = svm_negatives(REGIONS, truth(), 4)
    assert negative.shape == (8, 3)
    assert negative[:, 1].tolist() == [False] * 6 + [True, True]
    assert negative[:, [0, 2]].all()  # an object of class 2 is no object of class 1


def test_pairs_above_six_tenths():
    rows, nearest = regression_pairs(REGIONS, truth())
    assert rows.tolist() == [0, 1]
    assert nearest.tolist() == [0, 0]
    two = read_target("test", {"boxes": [[0, 0, 10, 10], [30, 30, 40, 41]], "labels": [2, 1]}, 4, np.float64)
    rows, nearest = regression_pairs(REGIONS, two)
    assert (rows.tolist(), nearest.tolist()) == ([0, 1, 7], [0, 0, 1])


def test_what_is_ignored_is_neither():
    for mark in ("difficult", "iscrowd"):
        ignored = truth(**{mark: [1]})
        labels = fine_tuning_labels(REGIONS, ignored)
        negative = svm_negatives(REGIONS, ignored, 4)
        within = slice(0, 7) if mark == "iscrowd" else slice(0, 4)  # parts of a crowd, whatever their share of it
        assert (labels[within] == -1).all()
        assert (labels[within.stop :] == 0).all()
        assert not negative[: 7 if mark == "iscrowd" else 6].any()
        assert negative[7].all()
        assert not len(regression_pairs(REGIONS, ignored)[0])


def test_images_without_objects_or_regions():
    nothing = read_target("test", {"boxes": [], "labels": []}, 4)
    assert (fine_tuning_labels(REGIONS, nothing) == 0).all()
    assert svm_negatives(REGIONS, nothing, 4).all()
    assert not len(regression_pairs(REGIONS, nothing)[0])
    empty = np.zeros((0, 4))
    assert fine_tuning_labels(empty, truth()).shape == (0,)
    assert svm_negatives(empty, truth(), 4).shape == (0, 3)
    assert not len(regression_pairs(empty, truth())[0])


def test_a_batch_has_32_objects_and_96_of_the_background(rng):
    labels = rng.choice([-1, 0, 1, 2], 2000)
    chosen = draw_batch(labels, 32, 96, rng)
    assert (labels[chosen] > 0).sum() == 32
    assert (labels[chosen] == 0).sum() == 96
    assert (np.diff(chosen) > 0).all()  # no region twice
    few = np.array([0, -1, 3, 0])
    assert draw_batch(few, 32, 96, rng).tolist() == [0, 2, 3]
    assert draw_batch(few[:0], 32, 96, rng).shape == (0,)


def test_regions_without_area_are_dropped():
    boxes = np.array([[0, 0, 5, 5], [3, 3, 3, 9], [4, 4, 9, 4], [9, 9, 1, 1], [0, 0, 1, 1]])
    assert solid(boxes).tolist() == [[0, 0, 5, 5], [0, 0, 1, 1]]
