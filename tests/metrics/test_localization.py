"""Right classes, right boxes, both; and the mean box."""

import numpy as np
import pytest

from minidet import tensor
from minidet.metrics import LocalizationAccuracy, MeanBox


def seen(label, *box):
    return {"boxes": np.array([box], np.float32), "labels": np.array([label])}


NOTHING = {"boxes": np.zeros((0, 4), np.float32), "labels": np.zeros(0, np.int64)}
TRUTHS = [seen(1, 0, 0, 10, 10), seen(1, 0, 0, 10, 10), seen(2, 0, 0, 10, 10), seen(3, 0, 0, 4, 4)]
#        both right, IoU exactly 0.5    wrong box                wrong class                  both wrong
ANSWERS = [seen(1, 0, 0, 10, 5), seen(1, 0, 0, 10, 4.9), seen(3, 0, 0, 10, 10), seen(1, 5, 5, 9, 9)]


def test_figures_by_hand():
    found = LocalizationAccuracy(4)
    found.update(TRUTHS[:1], ANSWERS[:1])
    found.update(TRUTHS[1:], ANSWERS[1:])
    assert found.localization_accuracy == 1 / 4
    assert found.classification_accuracy == 2 / 4
    assert found.box_accuracy == 2 / 4
    assert found.mean_iou == pytest.approx((0.5 + 0.49 + 1 + 0) / 4)
    per_class = found.per_class()
    assert per_class["localisation"].tolist() == [0.5, 0, 0]
    assert per_class["class"].tolist() == [1, 0, 0]
    assert per_class["box"].tolist() == [0.5, 1, 0]


def test_the_threshold_is_a_choice():
    strict, loose = LocalizationAccuracy(4, 0.51), LocalizationAccuracy(4, 0.49 - 1e-6)
    for found, expected in ((strict, 0), (loose, 0.5)):
        found.update(TRUTHS, ANSWERS)
        assert found.localization_accuracy == expected


def test_pictures_without_an_object_do_not_count():
    found = LocalizationAccuracy(4)
    found.update([NOTHING, seen(2, 3, 3, 3, 9), TRUTHS[0]], [ANSWERS[0]] * 3)
    assert found.pictures.tolist() == [0, 1, 0, 0]
    assert found.localization_accuracy == 1
    assert np.isnan(found.per_class()["box"][1:]).all()
    found = LocalizationAccuracy(4)
    found.update([{"boxes": [], "labels": []}], [ANSWERS[0]])
    for name in ("localization_accuracy", "classification_accuracy", "box_accuracy", "mean_iou"):
        assert np.isnan(getattr(found, name))


def test_tensors_are_read():
    found = LocalizationAccuracy(4)
    tensors = [{key: tensor(value) for key, value in entry.items()} for entry in (TRUTHS[0], ANSWERS[0])]
    found.update(tensors[:1], tensors[1:])
    assert found.localization_accuracy == 1


@pytest.mark.parametrize(
    ("truth", "answer", "words"),
    [
        (TRUTHS[0], seen(1, np.nan, 0, 1, 1), "predictions' boxes contains NaN"),
        (seen(0, 0, 0, 1, 1), ANSWERS[0], r"targets' labels contains 0, expected integers in \[1, 4\)"),
        (TRUTHS[0], seen(4, 0, 0, 1, 1), "predictions' labels contains 4"),
        (TRUTHS[0], NOTHING, r"predictions' boxes and labels have shapes \(0, 4\) and \(0,\), expected \(1, 4\) and"),
        ({"boxes": np.zeros((2, 4)), "labels": [1, 1]}, ANSWERS[0], "expected .* or nothing"),
        ({"boxes": np.zeros((1, 4))}, ANSWERS[0], "dicts with boxes and labels"),
    ],
)
def test_what_is_no_picture_of_one_object(truth, answer, words):
    with pytest.raises((ValueError, TypeError, IndexError), match="LocalizationAccuracy: .*" + words):
        LocalizationAccuracy(4).update([truth], [answer])
    with pytest.raises(ValueError, match="predictions has 0 entries, expected 1"):
        LocalizationAccuracy(4).update([truth], [])


def test_the_mean_box_is_a_share_of_the_picture():
    simplest = MeanBox(4)
    simplest.update(seen(2, 0, 0, 10, 10), (20, 40))
    simplest.update(seen(2, 10, 5, 20, 10), (10, 20))
    simplest.update(seen(3, 0, 0, 4, 4), (4, 4))
    simplest.update(NOTHING, (4, 4))
    simplest.update(seen(1, 2, 2, 2, 3), (4, 4))
    answer = simplest.predict((30, 60))
    expected = np.array([(0 + 0.5 + 0) * 60, (0 + 0.5 + 0) * 30, (0.25 + 1 + 1) * 60, (0.5 + 1 + 1) * 30]) / 3
    np.testing.assert_allclose(answer["boxes"], [expected], rtol=1e-6)
    assert answer["labels"].tolist() == [2]
    assert answer["scores"] == pytest.approx(2 / 3)


def test_before_anything_was_counted():
    answer = MeanBox(4).predict((3, 5))
    assert answer["boxes"].tolist() == [[0, 0, 5, 3]]
    assert answer["labels"].tolist() == [1]
    assert answer["scores"].tolist() == [0]
