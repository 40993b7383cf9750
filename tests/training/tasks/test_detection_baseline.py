"""The baseline of detectors: its figures are those of the metric on boxes made by hand."""

import json
import types

import numpy as np
import pytest

from minidet.commands.eval import record_of
from minidet.data import Dataset, ShapeScenes
from minidet.metrics import MeanAveragePrecision, voc_ap
from minidet.training.recipes import recipe_for
from minidet.training.tasks import detection_baseline as module
from minidet.training.tasks import task_for
from minidet.training.tasks.detection_baseline import Simplest, counted, mean_pose, searched, simplest, whole_boxes

CLASSES = ["background", "dark", "light"]


class Made(Dataset):
    """Pictures of 32 x 48 pixels, each with the objects that are said."""

    def __init__(self, *targets, classes=CLASSES, size=(32, 48)):
        super().__init__()
        self.targets, self.classes, self.size = targets, list(classes), size

    def __len__(self):
        return len(self.targets)

    def load(self, index):
        return np.full((3, *self.size), 0.1 * (index + 1), np.float32), self.targets[index]


def objects(*boxes, labels, **more):
    """Return a target."""
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return {"boxes": boxes, "labels": np.array(labels, np.int64), **more}


TRAINING = Made(
    objects([0, 0, 8, 8], [8, 8, 16, 16], labels=[2, 1]),
    objects([0, 0, 8, 8], labels=[2]),
    objects([0, 0, 9, 9], [0, 0, 7, 7], labels=[1, 1], iscrowd=np.array([1, 0]), difficult=np.array([False, True])),
)
TEST = Made(objects([4, 4, 20, 20], labels=[2]), objects([10, 10, 30, 30], [30, 2, 44, 12], labels=[2, 1]))
FOUND = {
    0.1: [[0, 0, 48, 32], [4, 4, 20, 20], [1, 1, 3, 3]],
    0.2: [[10, 10, 30, 26], [30, 2, 44, 12]],
}


@pytest.fixture
def boxes_by_hand(monkeypatch):
    """Let the search find in each picture of TEST what is written above, and nothing in any other."""

    def search(image, mode):
        assert mode == "fast"
        return np.array(FOUND.get(round(float(image[0, 0, 0]), 3), []), np.float32).reshape(-1, 4)

    monkeypatch.setattr(module, "search", search)


def made(monkeypatch, test, training=TRAINING, classes=CLASSES, **options):
    """Return a task that has these data sets, and a model that finds nothing."""
    task = task_for(recipe_for("ssd", "shapes", options=options), facts={"classes": list(classes)})
    monkeypatch.setattr(task, "open", lambda split, **_: training if split == "train" else test)
    nothing = {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, np.int64), "scores": np.zeros(0)}
    nothing |= {"masks": np.zeros((0, 32, 48), bool), "keypoints": np.zeros((0, 14, 3))}
    monkeypatch.setattr(task, "look", lambda model, image: nothing)
    return task


def of_the_metric(test, answers, kind="bbox", many=3):
    """Return COCO's figures of what was found."""
    metric = MeanAveragePrecision(many, kind)
    metric.update([test.load(i)[1] for i in range(len(test))], answers)
    return metric.compute()


def test_the_figures_are_those_of_the_metric(boxes_by_hand, monkeypatch):
    """All is light, the most frequent class of training; the rank is the score."""
    task = made(monkeypatch, TEST)
    figures = task.evaluate(None)
    answers = [
        {"boxes": np.array(found), "labels": np.full(len(found), 2), "scores": [1, 0.99, 0.98][: len(found)]}
        for found in FOUND.values()
    ]
    coco = of_the_metric(TEST, answers)
    assert coco["AP50"] == pytest.approx(1 / 3)  # by hand: light 2 / 3, for of the first three one is wrong; dark 0
    assert figures.baseline_name == "selective search"
    assert list(figures.baseline) == list(figures)
    for name in ("AP", "AP50", "AP75", "AR1", "AR100"):
        assert figures.baseline[name] == coco[name], name
    assert figures.baseline["VOC AP50"] == voc_ap(TEST.targets, answers).mean
    assert f"AP50 0.000 (selective search {coco['AP50']:.3f})" in figures.report()
    opened = types.SimpleNamespace(recipe=task.recipe, task=task, history=[])
    record = json.loads(record_of(opened, "test", figures))
    assert record["baseline_name"] == "selective search"
    assert record["baseline"]["AP50"] == coco["AP50"]
    assert record["baseline"]["APl"] is None  # nothing is as large


def test_what_is_compared_or_drawn_does_not_pay_for_it(boxes_by_hand, monkeypatch):
    task = made(monkeypatch, TEST)
    monkeypatch.setattr(task, "baseline", lambda split: pytest.fail("was computed"))
    assert task.measure(None).figures.baseline == {}


def test_another_class_has_other_figures(boxes_by_hand, monkeypatch):
    dark = made(monkeypatch, TEST, Made(objects([0, 0, 8, 8], labels=[1])))
    assert dark.baseline() != made(monkeypatch, TEST).baseline()
    assert simplest(dark, TEST).label == 1
    assert counted(dark, TRAINING).label == 2  # crowds and difficult objects are not scored, nor counted


def test_where_nothing_is_found_or_there_is_nothing(boxes_by_hand, monkeypatch):
    empty = Made(objects(labels=[]))
    figures = made(monkeypatch, Made(TEST.targets[0], objects([0, 0, 9, 9], labels=[1])), empty).baseline()
    assert figures["AP50"] == 0  # class 1 by default, and of the second picture only wrong boxes
    figures = made(monkeypatch, empty, empty).baseline()
    assert np.isnan(figures["AP50"])
    for options in ({"masks": True}, {"keypoints": True}):
        none = Made(objects(labels=[], masks=np.zeros((0, 32, 48), bool), keypoints=np.zeros((0, 14, 3))))
        assert np.isnan(made(monkeypatch, none, none, **options).baseline()["AP50"])
    monkeypatch.setattr(module, "search", lambda image, mode: np.zeros((0, 4), np.float32))
    found = Simplest(1, True, np.full((14, 2), 0.5)).find(TEST.load(0)[0])
    assert {name: value.shape for name, value in found.items()} == {
        "boxes": (0, 4), "labels": (0,), "scores": (0,), "masks": (0, 32, 48), "keypoints": (0, 14, 3)
    }  # fmt: skip
    assert made(monkeypatch, TEST).baseline()["AP50"] == 0


def test_one_class_needs_no_training_split(boxes_by_hand, monkeypatch):
    test = Made(objects([4, 4, 20, 20], labels=[1]), classes=CLASSES[:2])
    task = made(monkeypatch, test, None, CLASSES[:2])
    assert task.baseline()["AP50"] == 0.5


def test_pictures_for_testing_alone_count_themselves(monkeypatch):
    """The training split is not there, or of other classes."""
    task = made(monkeypatch, TEST, Made(objects([0, 0, 8, 8], labels=[1]), classes=["background", "light", "dark"]))
    assert simplest(task, TEST).label == 2

    def missing(split):
        raise FileNotFoundError(split)

    monkeypatch.setattr(task, "open", missing)
    assert simplest(task, TEST).label == 2


def test_the_whole_box_is_the_mask(boxes_by_hand, monkeypatch):
    masks = whole_boxes(np.array([[1, 2, 4, 3], [0, 0, 6, 5]], np.float32), (5, 6))
    assert masks[0].nonzero()[0].tolist() == [2] * 3
    assert masks[0].nonzero()[1].tolist() == [1, 2, 3]
    assert masks[1].all()
    square = whole_boxes(np.array([[4, 4, 20, 20]], np.float32), (32, 48))
    half = square & (np.arange(48) < 11)
    for mask, right in ((square, 0.5), (half, 0.0)):  # found at rank 2; a mask of 7 / 16 of the box is not
        test = Made(objects([4, 4, 20, 20], labels=[2], masks=mask))
        figures = made(monkeypatch, test, masks=True).baseline()
        assert figures["AP50"] == 0.5
        assert figures["mask AP50"] == right
        assert figures["mask AP"] == right


def test_joints_are_where_people_have_them_on_average(boxes_by_hand, monkeypatch):
    joints = np.tile([2.0, 2.0, 2.0], (2, 14, 1))  # of boxes of 8 x 16: a quarter, an eighth
    joints[1] += [4, 0, 0]  # ... and three quarters, an eighth
    joints[1, 0] = 0  # one joint is outside
    joints[:, 1] = 0  # one is nowhere
    training = Made(objects([0, 0, 8, 16], [0, 0, 8, 16], [5, 5, 5, 9], labels=[1] * 3,
                            keypoints=np.concatenate([joints, joints[:1]])), classes=CLASSES[:2])  # fmt: skip
    pose = counted(made(monkeypatch, TEST, training, CLASSES[:2], keypoints=True), training).pose
    np.testing.assert_allclose(pose, [[0.25, 0.125], [0.5, 0.5], *[[0.5, 0.125]] * 12])
    there = np.concatenate([[4, 4] + 16 * pose, np.full((14, 1), 2.0)], 1)[None]
    for shift, right in ((0, 0.5), (30, 0)):
        moved = there + np.array([shift, 0, 0])
        test = Made(objects([4, 4, 20, 20], labels=[1], keypoints=moved), classes=CLASSES[:2])
        figures = made(monkeypatch, test, training, CLASSES[:2], keypoints=True).baseline()
        assert figures["keypoint AP50"] == right
        assert figures["AP50"] == 0.5
    assert mean_pose([]).tolist() == [[0.5, 0.5]] * 14


def test_joints_of_generated_people():
    """Heads are above ankles, in the middle of the box."""
    task = task_for(recipe_for("mask_rcnn", "figures"), facts={"classes": ["background", "person"]}, quick=True)
    pose = simplest(task, task.open("test")).pose
    head, ankle = ShapeScenes.keypoint_names.index("head top"), ShapeScenes.keypoint_names.index("right ankle")
    assert pose[head, 1] < 0.25
    assert pose[ankle, 1] > 0.75
    assert 0.3 < pose[head, 0] < 0.7


def test_only_the_first_boxes_and_the_first_pictures_count(monkeypatch):
    boxes = np.tile(np.arange(4, dtype=np.float32), (150, 1)) + np.arange(150, dtype=np.float32)[:, None]
    monkeypatch.setattr(module, "search", lambda image, mode: boxes)
    found = Simplest(2).find(np.zeros((3, 8, 8), np.float32))
    np.testing.assert_array_equal(found["boxes"], boxes[:100])
    assert found["labels"].tolist() == [2] * 100
    assert (np.diff(found["scores"]) < 0).all()
    assert set(found) == {"boxes", "labels", "scores"}
    monkeypatch.setattr(module, "COUNTED", 1)
    task = made(monkeypatch, TEST)
    assert counted(task, TRAINING).label == 1  # one of each: the first class


def test_large_photographs_are_searched_smaller(monkeypatch):
    seen = []

    def search(image, mode):
        seen.append(image.shape)
        return np.array([[0, 0, image.shape[2], image.shape[1]]], np.float32)

    monkeypatch.setattr(module, "search", search)
    monkeypatch.setattr(module, "LONGEST", 40)
    for size in ((30, 40), (60, 120), (1, 80)):
        np.testing.assert_allclose(searched(np.zeros((3, *size), np.float32)), [[0, 0, *size[::-1]]])
    assert seen == [(3, 30, 40), (3, 20, 40), (3, 1, 40)]
