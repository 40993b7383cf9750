import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import minidet
from minidet.metrics import BoundaryF1
from minidet.metrics.boundary import contours, match

VOID = 255


def score(truth, answer, num_classes=2, **options):
    boundary = BoundaryF1(num_classes, **options)
    boundary.update(np.asarray(truth), np.asarray(answer))
    return boundary


def block(top, left, bottom, right, size=(6, 8)):
    labels = np.zeros(size, int)
    labels[top:bottom, left:right] = 1
    return labels


def test_contours_by_hand():
    labels = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 2]])
    expected = np.array([[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1]], bool)
    assert np.array_equal(contours(labels), expected)
    known = np.ones((4, 4), bool)
    known[3, 3] = False
    expected[3, 3] = False
    expected[2, 3] = True  # it still touches the 1 beside it
    assert np.array_equal(contours(labels, known), expected)


def test_scores_by_hand():
    """A block one column too wide, in an image of 6 x 8 (diagonal 10), at a tolerance of half a pixel."""
    boundary = score(block(2, 3, 4, 5), block(2, 3, 4, 6), tolerance=0.05)
    # Class 1: all of the 4 true pixels found, 4 of 6 predicted ones right. Class 0: rings of 8 and 10, 6 in common.
    assert boundary.f1_per_class == pytest.approx([2 * 0.6 * 0.75 / 1.35, 2 * (4 / 6) / (1 + 4 / 6)])
    assert boundary.mean_f1 == pytest.approx((2 / 3 + 0.8) / 2)


@pytest.mark.parametrize(("tolerance", "expected"), [(0.02, 0.0), (0.0201, 1.0)])
def test_distance_has_to_be_below_the_tolerance(tolerance, expected):
    """In 30 x 40 pixels the diagonal is 50: an edge that is one pixel off lies at 0.02 of it, which is not below."""
    truth, answer = block(0, 20, 30, 40, (30, 40)), block(0, 21, 30, 40, (30, 40))
    assert score(truth, answer, tolerance=tolerance).mean_f1 == expected


def test_the_default_tolerance_is_two_pixels_for_street_frames():
    truth = block(0, 120, 180, 240, (180, 240))
    shifted = [score(truth, block(0, 120 + shift, 180, 240, (180, 240))).mean_f1 for shift in range(4)]
    assert shifted == [1, 1, 1, 0]


class TestEdges:
    def test_absent_in_both_is_left_out(self):
        boundary = score(block(1, 1, 3, 3), block(1, 1, 3, 3), num_classes=4)
        assert boundary.mean_f1 == 1
        assert np.isnan(boundary.f1_per_class[2:]).all()

    def test_absent_in_one_is_zero(self):
        missed = score(block(1, 1, 3, 3), np.zeros((6, 8), int))
        invented = score(np.zeros((6, 8), int), block(1, 1, 3, 3))
        for boundary in (missed, invented):
            assert boundary.f1_per_class.tolist() == [0, 0]
            assert boundary.mean_f1 == 0

    def test_another_class_everywhere_is_zero_though_nothing_has_a_contour(self):
        assert score(np.zeros((6, 8), int), np.ones((6, 8), int)).f1_per_class.tolist() == [0, 0]

    def test_an_image_of_one_class_is_left_out(self):
        boundary = score(np.zeros((6, 8), int), np.zeros((6, 8), int))
        assert np.isnan(boundary.mean_f1)
        boundary.update(block(2, 3, 4, 5), block(2, 3, 4, 5))
        assert boundary.mean_f1 == 1

    def test_nothing_and_void_only_are_nan_without_a_warning(self):
        for labels in (np.zeros((0, 5, 5), int), np.zeros((0, 5), int), np.full((5, 5), VOID)):
            boundary = score(labels, labels, ignore_index=VOID)
            assert np.isnan(boundary.mean_f1)
            assert np.isnan(boundary.f1_per_class).all()


class TestVoid:
    def test_what_is_predicted_there_changes_nothing(self, rng):
        truth, answer = rng.integers(0, 3, (2, 9, 12))
        truth[2:6, 3:8] = VOID
        other = answer.copy()
        other[2:6, 3:8] = rng.integers(0, 3, (4, 5))
        scores = [score(truth, labels, 3, ignore_index=VOID).f1_per_class for labels in (answer, other)]
        assert np.array_equal(*scores)
        assert np.isfinite(scores[0]).all()

    def test_its_rim_is_no_contour(self):
        truth = np.zeros((8, 9), int)
        truth[:, 4:6] = VOID
        truth[:, 6:] = 1
        answer = np.where(truth == 0, 0, 1)
        assert np.isnan(score(truth, answer, ignore_index=VOID).mean_f1), "the only contour is hidden"

    def test_a_class_that_is_predicted_only_there_is_absent(self):
        truth, answer = block(1, 1, 3, 3), block(1, 1, 3, 3)
        truth[4:, 6:] = VOID
        answer[4:, 6:] = 2
        boundary = score(truth, answer, 3, ignore_index=VOID)
        assert np.isnan(boundary.f1_per_class[2])
        assert boundary.mean_f1 == 1


def test_images_are_averaged_not_classes():
    """Three classes in one image, two in the other: the mean over images is not the mean over classes."""
    first = np.repeat([0, 1, 2], 4)[None].repeat(9, 0)  # (9, 12)
    second = block(0, 6, 9, 12, (9, 12))
    missed = np.zeros((9, 12), int)
    boundary = BoundaryF1(3)
    boundary.update(np.stack([first, second]), np.stack([first, missed]))
    assert boundary.mean_f1 == pytest.approx((1 + 0) / 2)
    assert boundary.f1_per_class.tolist() == [0.5, 0.5, 1.0]


def test_batches_pictures_tensors_and_small_integers_agree(rng):
    truth, answer = rng.integers(0, 3, (2, 4, 10, 7))
    batch = score(truth, answer, 3, tolerance=0.1)
    single = BoundaryF1(3, tolerance=0.1)
    for pair in zip(truth, answer, strict=True):
        single.update(*pair)
    tensors = score(minidet.tensor(truth.astype(np.uint8)), minidet.tensor(answer.astype(np.int8)), 3, tolerance=0.1)
    assert 0 < batch.mean_f1 < 1
    assert batch.mean_f1 == single.mean_f1 == tensors.mean_f1


def slow_contour(labels, known, k):
    """List the contour pixels of class k, one pixel at a time."""
    height, width = labels.shape
    found = []
    for y in range(height):
        for x in range(width):
            around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            around = [(i, j) for i, j in around if 0 <= i < height and 0 <= j < width and known[i, j]]
            if known[y, x] and labels[y, x] == k and any(labels[place] != k for place in around):
                found.append((y, x))
    return found


def slow_scores(truth, answer, num_classes, tolerance):
    """Score one image by all distances between two contours."""
    known = truth != VOID
    theta = tolerance * math.sqrt(truth.shape[0] ** 2 + truth.shape[1] ** 2)
    scores = {}
    for k in range(num_classes):
        there = [bool((labels[known] == k).any()) for labels in (truth, answer)]
        lines = [slow_contour(labels, known, k) for labels in (truth, answer)]
        if there == [False, False] or (there == [True, True] and lines == [[], []]):
            continue
        scores[k] = 0.0
        if all(lines):
            distances = cdist(*lines)  # (true pixels, predicted pixels)
            recall, precision = (distances.min(1) < theta).mean(), (distances.min(0) < theta).mean()
            if precision + recall > 0:
                scores[k] = 2 * precision * recall / (precision + recall)
    return scores


@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 14), width=st.integers(1, 14), num_classes=st.integers(1, 4),
       cell=st.integers(1, 4), tolerance=st.sampled_from([0.001, 0.04, 0.11, 0.3, 1.0]))  # fmt: skip
def test_agrees_with_all_distances(seed, height, width, num_classes, cell, tolerance):
    rng = np.random.default_rng(seed)
    blocks = np.ones((cell, cell), int)

    def draw(high):
        coarse = rng.integers(0, high, (-(-height // cell), -(-width // cell)))
        return np.kron(coarse, blocks)[:height, :width]

    truth = draw(num_classes)
    answer = np.where(draw(3) > 0, truth, draw(num_classes))  # mostly right, as predictions are
    truth = np.where(draw(8) == 0, VOID, truth)
    boundary = score(truth, answer, num_classes, ignore_index=VOID, tolerance=tolerance)
    expected = slow_scores(truth, answer, num_classes, tolerance)
    found = {k: value for k, value in enumerate(boundary.f1_per_class) if not np.isnan(value)}
    assert found == pytest.approx(expected)
    if expected:
        assert boundary.mean_f1 == pytest.approx(np.mean(list(expected.values())))


def test_match_looks_for_the_same_class():
    contour, other = np.full((3, 3), -1), np.full((3, 3), -1)
    contour[1, 1], other[0, 1], other[2, 2] = 4, 3, 4
    labels, near = match(contour, other, 1.2)
    assert (labels.tolist(), near.tolist()) == ([4], [False])
    assert match(contour, other, 1.5)[1].tolist() == [True]


@pytest.mark.parametrize(
    ("truth", "answer", "error", "message"),
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), ValueError, "prediction has shape"),
        (np.zeros((2, 3)), np.zeros((2, 3), int), TypeError, "target has dtype float64"),
        (np.zeros(3, int), np.zeros(3, int), ValueError, r"target has shape \(3,\)"),
        (np.full((2, 3), 2), np.zeros((2, 3), int), IndexError, "target contains 2"),
        (np.zeros((2, 3), int), np.full((2, 3), -1), IndexError, "prediction contains -1"),
    ],
)
def test_bad_input(truth, answer, error, message):
    with pytest.raises(error, match=f"BoundaryF1: {message}"):
        score(truth, answer)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 0}, "num_classes is 0"),
        ({"num_classes": 2, "tolerance": 0}, "tolerance is 0"),
        ({"num_classes": 2, "tolerance": math.nan}, "tolerance is nan"),
        ({"num_classes": 2, "tolerance": 2.25}, "tolerance is 2.25"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=f"BoundaryF1: {message}"):
        BoundaryF1(**options)
