"""Kinds of mistakes: each by hand, and that everything is counted once."""

import numpy as np
import pytest

from minidet.metrics import error_types

from .test_voc import FAR, A, B, found, random_pictures, there

NEAR = (0, 0, 10, 3)  # an IoU of 0.3 with A


def counted(truth, answer, **options):
    """Return the counts that are not 0."""
    result = vars(error_types([truth], [answer], **options))
    return {name: value for name, value in result.items() if value and name != "confused"}


@pytest.mark.parametrize(
    ("truth", "answer", "expected"),
    [
        (there(A), found(A, scores=[0.5]), {"correct": 1}),
        (there(A), found(A, A, scores=[0.5, 0.6]), {"correct": 1, "duplicate": 1}),
        (there(A), found(NEAR, scores=[0.5]), {"localization": 1}),  # and A is not missed
        (there(A), found(A, labels=[2], scores=[0.5]), {"confusion": 1}),
        (there(A), found(NEAR, labels=[2], scores=[0.5]), {"both": 1, "missed": 1}),
        (there(A), found(FAR, scores=[0.5]), {"background": 1, "missed": 1}),
        (there(A), found((0, 0, 10, 1), scores=[0.5]), {"localization": 1}),  # exactly 0.1
        (there(A), found((0, 0, 10, 0.99), scores=[0.5]), {"background": 1, "missed": 1}),
        (there(A, B), found(scores=[]), {"missed": 2}),
        (there(), found(A, scores=[0.5]), {"background": 1}),
        (there(A, difficult=[True]), found(A, A, FAR, scores=[0.9, 0.8, 0.7]), {"ignored": 2, "background": 1}),
        (there(A, iscrowd=[True]), found((1, 1, 3, 3), scores=[0.9]), {"ignored": 1}),
        (there(A, A, labels=[1, 2]), found(A, A, scores=[0.9, 0.8]), {"correct": 1, "confusion": 1}),
        (there(), found(scores=[]), {}),
    ],
)
def test_each_kind(truth, answer, expected):
    assert counted(truth, answer) == expected


def test_who_is_taken_for_whom():
    result = error_types([there(A, B, labels=[1, 3])], [found(A, B, labels=[2, 2], scores=[0.5, 0.6])])
    assert result.confused == {(1, 2): 1, (3, 2): 1}
    assert result.wrong() == 2


def test_scores_below_the_threshold_are_not_looked_at():
    answer = found(A, FAR, scores=[0.5, 0.2])
    assert counted(there(A), answer, score_threshold=0.5) == {"correct": 1}
    assert counted(there(A), answer, score_threshold=0.51) == {"missed": 1}


@pytest.mark.parametrize("seed", range(3))
def test_every_detection_is_counted_once(seed):
    truths, answers = random_pictures(seed, 20)
    result = error_types(truths, answers)
    assert result.correct + result.ignored + result.wrong() == sum(len(answer["scores"]) for answer in answers)
    objects = sum(np.count_nonzero(~truth["difficult"]) for truth in truths)
    assert result.correct + result.missed <= objects <= result.correct + result.missed + result.wrong()
    assert sum(result.confused.values()) == result.confusion
    assert min(result.correct, result.localization, result.confusion, result.duplicate, result.background) > 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"background_threshold": 0.6}, "background_threshold is 0.6, expected a number above 0, up to iou_threshold, 0.5"),
        ({"background_threshold": 0}, "error_types: background_threshold is 0"),
        ({"iou_threshold": np.nan}, "error_types: iou_threshold is nan"),
        ({"score_threshold": np.nan}, "error_types: score_threshold is nan"),
    ],
)  # fmt: skip
def test_bad_arguments(options, match):
    with pytest.raises(ValueError, match=match):
        error_types([there(A)], [found(scores=[])], **options)
