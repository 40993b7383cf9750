"""The record: JSON can hold it, notes say what is unequal, and the pairs are those of the claim."""

import json
import types

import numpy as np
import pytest

from minidet.training.comparison.record import _claim, _pairs, notes, plain_numbers


def test_json_holds_it():
    record = {"a": [np.float64(1.5), float("nan"), np.inf], "b": (np.int64(3), "c", None, True)}
    plain = plain_numbers(record)
    assert plain == {"a": [1.5, None, None], "b": [3, "c", None, True]}
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def taking_part(*rows):
    return [types.SimpleNamespace(model=model, backbone=backbone, minutes=minutes) for model, backbone, minutes in rows]


def test_equals_need_one_note_alone():
    found = notes(taking_part(("ssd", "resnet20", 5.0), ("yolo", "resnet20", 5.9)), False)
    assert len(found) == 1
    assert found[0].startswith("The intervals of AP50")


def test_what_is_unequal_is_said():
    rows = ("ssd", "resnet20", 5.0), ("yolo", "vgg11", 7.0), ("sliding_window_detector", None, 5.0)
    quick, backbones, minutes, _ = notes(taking_part(*rows), True)
    assert quick.startswith("Quick")
    assert backbones == ("The backbones are not the same: SSD has resnet20, YOLO has vgg11, sliding windows has a network of "
                         "its own.")  # fmt: skip
    assert minutes == "Training did not take equally long, in minutes: SSD 5, YOLO 7, sliding windows 5."


def compared(names, ap50, seconds):
    draws = np.array(ap50)[:, None] + np.linspace(-0.01, 0.01, 50)  # all move together
    return _pairs(names, ap50, draws, np.array(seconds)[:, None] * np.ones(5), np.random.default_rng(0))


def test_faster_rcnn_is_compared_with_the_others_wherever_it_stands():
    pairs = compared(["ssd", "faster_rcnn", "fast_rcnn"], [0.7, 0.8, 0.9], [0.1, 0.2, 0.4])
    assert [(pair["first"], pair["second"]) for pair in pairs] == [("faster_rcnn", "ssd"), ("faster_rcnn", "fast_rcnn")]
    assert pairs[0]["ap50_difference"] == pytest.approx({"value": 0.1, "low": 0.1, "high": 0.1})
    assert pairs[0]["speed_ratio"] == {"value": 2.0, "low": 2.0, "high": 2.0}
    assert _claim(pairs) == ["holds", "holds"]  # Fast R-CNN has no part in it
    assert pairs[1]["accuracy_words"].startswith("Fast R-CNN is more accurate than Faster R-CNN by 0.100")


def test_the_claim_can_fail():
    assert _claim(compared(["faster_rcnn", "yolo"], [0.7, 0.8], [0.1, 0.2])) == ["does not hold", "does not hold"]
    assert _claim(compared(["ssd", "yolo"], [0.7, 0.8], [0.1, 0.2])) == []
