"""Figures and their report."""

import re

import numpy as np

from minidet.metrics import BoundaryF1, ConfusionMatrix
from minidet.training.tasks.figures import Figures
from minidet.training.tasks.segmentation import figures

TRUTH = np.array([[0, 0, 1, 1]] * 4)
ANSWER = np.array([[0, 0, 1, 1]] * 3 + [[0, 0, 0, 1]])
CLASSES = ["background", "cat", "dog"]


def scored():
    matrix, boundary = ConfusionMatrix(3), BoundaryF1(3)
    matrix.update(TRUTH, ANSWER)
    boundary.update(TRUTH, ANSWER)
    return figures(matrix, CLASSES, boundary, 1), boundary


def test_every_class_has_a_line_and_every_figure_its_column():
    found, boundary = scored()
    lines = found.report().splitlines()
    assert re.split(" {2,}", lines[0]) == ["class", "IoU", "accuracy", "share of pixels", "boundary F1"]
    assert len({len(line) for line in lines[:4]}) == 1, "the columns are not aligned"
    assert lines[1].split() == ["background", "0.889", "1.000", "0.500", f"{boundary.f1_per_class[0]:.3f}"]
    assert lines[2].split()[:4] == ["cat", "0.875", "0.875", "0.500"]
    assert lines[3].split() == ["dog", "-", "-", "0.000", "-"]


def test_the_summary():
    found, boundary = scored()
    assert found.report().splitlines()[4:] == [
        "global accuracy 0.938 (majority class 0.500)",
        "class accuracy 0.938 (majority class 0.500)",
        "frequency-weighted IoU 0.882 (majority class 0.250)",
        "mIoU 0.882 (majority class 0.250)",
        f"boundary F1 {boundary.mean_f1:.3f}",
    ]
    assert found.line("mIoU", digits=2) == "mIoU 0.88 (majority class 0.25)"


def test_figures_are_a_dict_and_need_neither_classes_nor_baseline():
    found = Figures({"AP": np.float32(0.5), "recall": 1}, 7)
    assert found == {"AP": 0.5, "recall": 1.0}
    assert found.images == 7
    assert found.report() == "AP 0.500\nrecall 1.000"
