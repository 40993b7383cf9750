import numpy as np
import pytest

import minidet
from minidet.metrics import BoundaryF1, ConfusionMatrix, majority_class

TRUTH = np.array([[0, 0, 1], [1, 2, 2]])
ANSWER = np.array([[0, 1, 1], [1, 2, 0]])


def matrix_of(truth, answer, num_classes, ignore_index=None):
    matrix = ConfusionMatrix(num_classes, ignore_index)
    matrix.update(truth, answer)
    return matrix


def test_counts_and_scores_by_hand():
    matrix = matrix_of(TRUTH, ANSWER, 3)
    assert matrix.matrix.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert matrix.iou == pytest.approx([1 / 3, 2 / 3, 1 / 2])
    assert matrix.mean_iou == pytest.approx(0.5)
    assert matrix.pixel_accuracy == pytest.approx(4 / 6)
    assert matrix.accuracy_per_class == pytest.approx([1 / 2, 1, 1 / 2])
    assert matrix.class_accuracy == pytest.approx(2 / 3)
    assert matrix.frequency_weighted_iou == pytest.approx((2 / 3 + 4 / 3 + 1) / 6)


def test_sums_over_the_data_set_and_does_not_average_pictures():
    matrix = ConfusionMatrix(2)
    matrix.update(np.zeros((1, 99), int), np.zeros((1, 99), int))
    matrix.update(np.array([[1]]), np.array([[0]]))
    assert matrix.mean_iou == pytest.approx((99 / 100 + 0) / 2)


def test_absent_class_is_left_out_but_a_false_alarm_is_not():
    assert matrix_of(TRUTH, TRUTH, 5).mean_iou == 1
    assert np.isnan(matrix_of(TRUTH, TRUTH, 5).iou[4])
    answer = TRUTH.copy()
    answer[0, 0] = 4
    assert matrix_of(TRUTH, answer, 5).iou[4] == 0


def test_ignored_pixels_do_not_count_whatever_was_predicted():
    truth = TRUTH.copy()
    truth[0, 1] = 255
    matrix = matrix_of(truth, ANSWER, 3, ignore_index=255)
    assert matrix.matrix.sum() == 5
    assert matrix.iou[0] == pytest.approx(1 / 2)


def test_tensors_and_batches():
    matrix = matrix_of(minidet.tensor(TRUTH[None]), minidet.tensor(ANSWER[None]), 3)
    assert matrix.matrix.sum() == 6


def test_nothing_counted_is_nan_without_a_warning():
    matrix = ConfusionMatrix(3)
    matrix.update(np.zeros((0, 4), int), np.zeros((0, 4), int))
    for name in ("mean_iou", "pixel_accuracy", "class_accuracy", "frequency_weighted_iou"):
        assert np.isnan(getattr(matrix, name))


def test_majority_class_answers_the_most_frequent_class():
    truth = np.array([0, 0, 0, 1, 2])
    baseline = majority_class(matrix_of(truth, np.array([1, 1, 0, 2, 0]), 3))
    expected = matrix_of(truth, np.zeros(5, int), 3)
    assert baseline.matrix.tolist() == expected.matrix.tolist()


@pytest.mark.parametrize(
    ("truth", "answer", "error", "message"),
    [
        (TRUTH, ANSWER[:1], ValueError, "prediction has shape"),
        (TRUTH.astype(float), ANSWER, TypeError, "target has dtype float64"),
        (TRUTH, ANSWER.astype(float), TypeError, "prediction has dtype"),
        (TRUTH + 2, ANSWER, IndexError, "target contains 4"),
        (TRUTH, ANSWER - 1, IndexError, "prediction contains -1"),
    ],
)
def test_bad_input(truth, answer, error, message):
    with pytest.raises(error, match=f"ConfusionMatrix: {message}"):
        matrix_of(truth, answer, 3)


INTEGERS = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")


@pytest.mark.parametrize("prediction", INTEGERS)
@pytest.mark.parametrize("target", INTEGERS)
def test_every_integer_type(target, prediction):
    truth, answer = np.array([[0, 1, 1], [0, 1, 0]]), np.array([[0, 1, 0], [1, 1, 0]])
    expected = matrix_of(truth, answer, 2).matrix
    outlines = BoundaryF1(2, tolerance=0.3)
    outlines.update(truth, answer)
    for make in (np.asarray, minidet.tensor):
        typed = make(truth.astype(target)), make(answer.astype(prediction))
        np.testing.assert_array_equal(matrix_of(*typed, 2).matrix, expected)
        np.testing.assert_array_equal(matrix_of(*typed, 2, ignore_index=-100).matrix, expected)
        other = BoundaryF1(2, tolerance=0.3)
        other.update(*typed)
        assert other.mean_f1 == outlines.mean_f1


def test_labels_beyond_int64_are_named_or_ignored():
    truth = np.array([[0, 2**64 - 1]], np.uint64)
    for metric in (ConfusionMatrix(2), BoundaryF1(2)):
        with pytest.raises(IndexError, match="target contains 18446744073709551615"):
            metric.update(truth, truth)
    ignoring = ConfusionMatrix(2, 2**64 - 1)
    ignoring.update(truth, truth)
    assert ignoring.matrix.tolist() == [[1, 0], [0, 0]]


def test_numbers_of_classes_that_would_fill_the_memory():
    for make in (ConfusionMatrix, BoundaryF1):
        for many in (2**62, 2**100, 2**24):
            with pytest.raises(ValueError, match=f"{make.__name__}: num_classes is {many}, expected an integer <="):
                make(many)
