"""The rows do what their names say, and minidet's side gives what its peer's side gives, where that is installed."""

import numpy as np
import pytest

from benchmarks.detection import inputs
from benchmarks.detection.peers import PEERS, peer_backend
from benchmarks.detection.rows import BY_NAME, ROWS, Goal, build_row, evaluation
from benchmarks.frameworks.backends import Minidet


def test_names_and_peers():
    assert len(BY_NAME) == len(ROWS)
    assert {row.peer for row in ROWS} == set(PEERS)


@pytest.mark.parametrize(
    ("goal", "ratio", "seconds", "reached", "words"),
    [
        (Goal(ratio=2), 2.0, 9.0, True, "2 times as fast"),
        (Goal(ratio=2), 1.9, 0.0, False, "2 times as fast"),
        (Goal(ratio=1), None, 0.0, None, "not slower"),
        (Goal(seconds=0.15), None, 0.15, True, "at most 0.15 s"),
        (Goal(seconds=0.15), 9.0, 0.16, False, "at most 0.15 s"),
    ],
)
def test_goals(goal, ratio, seconds, reached, words):
    assert goal.reached(ratio, seconds) is reached
    assert str(goal) == words


def test_boxes_have_area_and_lie_in_the_picture():
    drawn = inputs.boxes(500, np.random.default_rng(0), (60, 80))
    assert drawn.dtype == np.float32
    assert (drawn[:, 2:] > drawn[:, :2]).all()
    assert (drawn >= 0).all()
    assert (drawn <= [80, 60, 81, 61]).all()


def test_regions_pool_to_the_named_size():
    pooled = build_row("roi_pool (256,50,68), 512 regions, 7x7, forward", Minidet())()
    assert pooled.shape == (512, 256, 7, 7)
    assert not pooled.requires_grad


def test_suppression_drops_most():
    kept = build_row("nms, 1,000 boxes", Minidet())()
    assert 10 < len(kept) < 500


def test_a_picture_has_segments():
    segments = build_row("felzenszwalb, 640x480", Minidet())().numpy()
    assert segments.shape == (480, 640)
    assert 20 < segments.max() + 1 < 5000


@pytest.mark.parity
def test_figures_are_those_of_pycocotools():
    pytest.importorskip("pycocotools")
    row = evaluation(images=20, detections=1000)
    mine, theirs = row.mine(Minidet())(), row.theirs(peer_backend(row.peer))
    np.testing.assert_allclose(list(mine.values()), theirs(), atol=1e-12)
    np.testing.assert_allclose(theirs(), list(mine.values()), atol=1e-12)  # a run leaves its input as it was
    assert 0.1 < mine["AP"] < 0.9
