"""What an evaluation keeps beside its figures."""

import types

import numpy as np
import pytest

from minidet.data import ShapeScenes
from minidet.metrics import voc_ap
from minidet.training.recipes import recipe_for
from minidet.training.tasks import task_for
from minidet.training.tasks.detection_figures import with_area


def test_truths_and_answers_are_those_of_the_figures(monkeypatch):
    """A detector that finds the first object of each picture."""
    scenes = ShapeScenes("test", (96, 96), 5, 1)
    task = task_for(recipe_for("ssd", "shapes"), facts={"classes": list(scenes.classes)})
    monkeypatch.setattr(task, "open", lambda split: scenes)
    there = iter([scenes.load(i)[1] for i in range(5)])

    def look(model, image):
        target = next(there)
        return {"boxes": target["boxes"][:1], "labels": target["labels"][:1], "scores": np.array([0.5], np.float32)}

    monkeypatch.setattr(task, "look", look)
    measured = task.measure(types.SimpleNamespace())
    assert [len(answer["boxes"]) for answer in measured.answers] == [1] * 5
    for i, truth in enumerate(measured.truths):
        np.testing.assert_array_equal(truth["boxes"], scenes.load(i)[1]["boxes"])
        assert "masks" not in truth
    assert 0 < measured.figures["AP50"] < 1
    assert measured.figures["AP50"] == measured.precision.compute()["AP50"]
    assert measured.figures["VOC AP50"] == voc_ap(measured.truths, measured.answers).mean
    assert measured.figures.images == 5


def test_people_are_in_the_order_of_their_expected_similarity_too(monkeypatch):
    """One person found well and one badly; the class's scores prefer the bad one. Boxes keep those scores."""
    scenes = ShapeScenes("test", (128, 128), 3, 1, classes=("person",), objects=(2, 3))
    task = task_for(recipe_for("mask_rcnn", "figures"), facts={"classes": list(scenes.classes)})
    monkeypatch.setattr(task, "open", lambda split: scenes)

    def measured(oks):
        there = iter([scenes.load(i)[1] for i in range(3)])

        def look(model, image):
            target = next(there)
            joints = target["keypoints"][:2].copy()
            joints[0, :, :2] += 60  # far away
            found = {"boxes": target["boxes"][:2], "labels": target["labels"][:2], "keypoints": joints}
            more = {"oks": np.array([0.1, 0.9], np.float32)} if oks else {}
            return {**found, "scores": np.array([0.9, 0.5], np.float32), **more}

        monkeypatch.setattr(task, "look", look)
        return task.measure(types.SimpleNamespace()).figures

    with_oks, without = measured(True), measured(False)
    assert with_oks["keypoint AP50"] > 1.5 * without["keypoint AP50"]
    assert with_oks["AP"] == without["AP"]


def test_the_size_of_a_person_is_that_of_its_box_or_of_its_mask(monkeypatch):
    """All joints are three pixels aside: near for a box, far for the few pixels of a figure of sticks."""
    scenes = ShapeScenes("test", (128, 128), 5, 1, classes=("person",), objects=(1, 2))

    def look(model, image):
        target = next(there)
        joints = target["keypoints"] + np.array([3, 0, 0], np.float32)
        scores = np.full(len(joints), 0.5, np.float32)
        return {"boxes": target["boxes"], "labels": target["labels"], "keypoints": joints, "scores": scores}

    figures = {}
    for area in ("box", "mask"):
        there = iter([scenes.load(i)[1] for i in range(5)])
        recipe = recipe_for("mask_rcnn", "figures", options={"oks_area": area})
        task = task_for(recipe, facts={"classes": list(scenes.classes)})
        monkeypatch.setattr(task, "open", lambda split: scenes)
        monkeypatch.setattr(task, "look", look)
        figures[area] = task.measure(types.SimpleNamespace()).figures
    assert figures["mask"]["keypoint AP"] < 0.8 * figures["box"]["keypoint AP"]
    assert figures["mask"]["AP"] == figures["box"]["AP"] == 1


def test_the_size_of_a_mask_needs_masks():
    people = {"boxes": np.zeros((1, 4)), "keypoints": np.zeros((1, 14, 3))}
    assert with_area(people, "bbox", "mask") is people
    with pytest.raises(ValueError, match="oks_area is 'mask', expected 'box'.*no masks"):
        with_area(people, "keypoints", "mask")
    drawn = {**people, "masks": np.ones((1, 3, 4), bool)}
    assert with_area(drawn, "keypoints", "mask")["area"].tolist() == [12]
    with pytest.raises(ValueError, match="oks_area"):
        task_for(recipe_for("mask_rcnn", "figures", options={"oks_area": "stick"}), facts={"classes": ["background"]})
