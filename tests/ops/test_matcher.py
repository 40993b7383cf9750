"""Who finds which object: thresholds, each object's best anchor, and nothing at an overlap of 0."""

import itertools

import numpy as np
import pytest

from minidet import ops
from tests.fixtures import torchvision


def matches(quality, *options):
    found = ops.Matcher(*options)(np.array(quality, np.float32))
    assert found.dtype == np.int64
    return found.numpy().tolist()


def test_thresholds_by_hand():
    quality = [[0.75, 0.6, 0.25, 0.2, 0.1, 0.8], [0.1, 0.5, 0.2, 0.1, 0.75, 0.9]]
    assert matches(quality, 0.75, 0.25) == [0, -2, -2, -1, 1, 1]  # at a threshold: above it


def test_every_object_keeps_its_best_anchor_for_itself():
    """Anchor 1 overlaps object 0 more, but object 1 has no better one: torchvision gives it to object 0."""
    quality = [[0.9, 0.6, 0.1], [0.0, 0.4, 0.2]]
    assert matches(quality, 0.7, 0.3) == [0, -2, -1]
    assert matches(quality, 0.7, 0.3, True) == [0, 1, -1]


def test_an_object_smaller_than_every_anchor():
    anchors = ops.AnchorGenerator((64,), (1.0,))({32: (4, 4)})[0].numpy()
    objects = np.array([[60, 62, 66, 66], [30, 30, 100, 100]], np.float32)
    found = ops.Matcher(0.7, 0.3, True)(ops.box_iou(objects, anchors)).numpy()
    at = {tuple(anchor): int(match) for anchor, match in zip(anchors, found, strict=True)}
    assert at[(32, 32, 96, 96)] == 1
    assert 0 in found, "the small object has an anchor"


def test_all_anchors_that_tie_are_its():
    assert matches([[0.2, 0.2, 0.1, 0.2]], 0.7, 0.3, True) == [0, 0, -1, 0]


def test_two_objects_with_the_same_best_anchor():
    quality = [[0.5, 0.2, 0.0], [0.6, 0.0, 0.1]]
    assert matches(quality, 0.7, 0.3, True) == [1, 0, -1]
    assert matches([[0.5, 0.2], [0.5, 0.0]], 0.7, 0.3, True) == [0, -1], "no other anchor touches the second"
    assert matches([[0.5, 0.0], [0.5, 0.2]], 0.7, 0.3, True) == [0, 1]


@pytest.mark.parametrize("low_quality", [False, True])
def test_nothing_at_an_overlap_of_zero(low_quality):
    assert matches([[0, 0, 0], [0, 0.5, 0]], 0.5, 0.5, low_quality) == [-1, 1, -1]
    assert matches([[0, 0, 0]], 0, 0, low_quality) == [-1, -1, -1]
    assert matches([[0, 0, 0]], 0.5, 0, low_quality) == [-1, -1, -1]


def test_an_object_without_area_is_matched_with_nothing():
    objects = np.array([[5, 5, 5, 9], [0, 0, 8, 8]], np.float32)
    anchors = np.array([[0, 0, 9, 9], [5, 5, 5, 9], [4, 4, 6, 10]], np.float32)
    found = ops.Matcher(0.9, 0.2, True)(ops.box_iou(objects, anchors)).numpy()
    assert found.tolist() == [1, -1, -1]


@pytest.mark.parametrize("low_quality", [False, True])
def test_no_objects_or_no_anchors(low_quality):
    assert matches(np.zeros((0, 3)), 0.7, 0.3, low_quality) == [-1, -1, -1]
    assert matches(np.zeros((2, 0)), 0.7, 0.3, low_quality) == []


@pytest.mark.parametrize("low_quality", [False, True])
def test_the_same_as_torchvision(low_quality):
    recorded = torchvision()
    quality, expected = recorded["quality"], recorded[f"matches {low_quality}"]
    before = quality.copy()
    found = ops.Matcher(0.7, 0.3, low_quality)(quality).numpy()
    np.testing.assert_array_equal(found, expected, strict=True)
    assert {-2, -1} <= set(found)
    np.testing.assert_array_equal(quality, before)


def by_all_pairs(quality):
    """Take the best of all pairs that are left, from a sorted list of them."""
    pairs = itertools.product(*map(range, quality.shape))
    found = [-1] * len(quality)
    for i, j in sorted(pairs, key=lambda pair: (-quality[pair], pair)):
        if quality[i, j] > 0 and found[i] < 0 and j not in found:
            found[i] = j
    return found


def test_bipartite_by_hand():
    quality = np.array([[0.9, 0.8, 0.0], [0.95, 0.3, 0.0], [0.0, 0.0, 0.0]])
    found = ops.bipartite_match(quality)
    assert (found.numpy().tolist(), found.dtype) == ([1, 0, -1], np.int64)
    assert ops.bipartite_match(np.array([[0.9], [0.95]])).numpy().tolist() == [-1, 0]
    assert ops.bipartite_match(np.array([[0.5, 0.5], [0.5, 0.5]])).numpy().tolist() == [0, 1]
    assert ops.bipartite_match(np.zeros((2, 0))).numpy().tolist() == [-1, -1]
    assert ops.bipartite_match(np.zeros((0, 2))).numpy().tolist() == []


@pytest.mark.parametrize("levels", [3, 1000])
def test_bipartite_takes_the_best_pairs(rng, levels):
    for shape in [(5, 8), (8, 5), (6, 6)] * 8:
        quality = rng.integers(0, levels, shape) / levels
        found = ops.bipartite_match(quality).numpy()
        assert found.tolist() == by_all_pairs(quality)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: ops.Matcher(0.3, 0.7),
            ValueError,
            "Matcher: low_threshold is 0.7, expected at most high_threshold = 0.3",
        ),
        (lambda: ops.Matcher(np.nan, 0.7), ValueError, "Matcher: high_threshold is nan"),
        (lambda: ops.Matcher(0.7, 0.3, "no"), TypeError, "Matcher: allow_low_quality_matches"),
        (lambda: ops.Matcher(0.7, 0.3)(np.zeros(3)), ValueError, r"Matcher: match_quality_matrix has shape \(3,\)"),
        (lambda: ops.Matcher(0.7, 0.3)([[np.nan]]), ValueError, "Matcher: match_quality_matrix contains NaN"),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
