"""The pose task: what it opens, how it scores, what it draws."""

from dataclasses import replace

import numpy as np
import pytest

from minidet import tensor
from minidet.data import LSPET, FigurePoses
from minidet.metrics import PCK
from minidet.models import MODELS
from minidet.training.recipes import recipe_for
from minidet.training.tasks import task_for
from minidet.training.tasks.pose import Pose, collate_people, mean_pose


class Knows:
    """A model that answers the middle of the picture for every joint, moved by as much as is asked."""

    flip_test = None

    def __init__(self, move=0.0):
        self.move = move

    def eval(self):
        return self

    def __call__(self, images):
        height, width = images.shape[2:]
        keypoints = np.tile([width / 2 + self.move, height / 2, 1.0], (1, 14, 1)).astype(np.float32)
        answer = {"keypoints": tensor(keypoints), "keypoints_scores": tensor(np.linspace(0.3, 1, 14)[None])}
        return [answer] * len(images)


@pytest.fixture
def task():
    recipe = replace(recipe_for("pose", "figures"), options={"size": 32}, quick_samples=12, batch_size=5)
    task = task_for(recipe, quick=True)
    task.prepare(FigurePoses(size=32, length=3))
    return task


def test_people_are_new_at_every_visit_and_held_out_ones_stay(task):
    train, test = task.open("train", training=True), task.open("test")
    assert len(train) == len(test) == 12
    assert not np.array_equal(train[0][0], train[0][0])
    np.testing.assert_array_equal(test[0][0], test[0][0])
    assert not np.array_equal(test[0][0], task.open("val")[0][0])
    assert not np.array_equal(train.load(0)[0], task.open("train")[0][0])  # another seed
    images, targets = collate_people([train[0], train[1]])
    assert images.shape == (2, 3, 32, 32)
    assert targets[1]["keypoints"].shape == (1, 14, 3)


def test_mean_pose_leaves_out_what_is_not_there():
    class Two(FigurePoses):
        def load(self, index):
            keypoints = np.zeros((1, 14, 3), np.float32)
            keypoints[0, 0] = (8, 16, 2) if index else (24, 0, 1)
            keypoints[0, 1] = (32, 32, 2) if index else (0, 0, 0)
            return np.zeros((3, 32, 64), np.float32), {"keypoints": keypoints}

    mean = mean_pose(Two(length=2))
    assert mean[0].tolist() == [0.25, 0.25]
    assert mean[1].tolist() == [0.5, 1]
    assert mean[2].tolist() == [0.5, 0.5]


def test_figures_are_those_of_the_metrics_beside_the_mean_pose(task):
    figures = task.evaluate(Knows())
    dataset, mean = task.open("test"), np.array(task.facts["mean_pose"])
    answer, middle = PCK(14), PCK(14)
    for index in range(len(dataset)):
        truth = dataset[index][1]["keypoints"]
        answer.update(truth, mean[None] * 32)
        middle.update(truth, np.full((1, 14, 2), 16.0))
    assert figures[Pose.headline] == pytest.approx(middle.mean)
    assert figures.baseline[Pose.headline] == pytest.approx(answer.mean)
    assert figures.images == 12
    assert list(figures) == ["PCK@0.2 torso", "PCKh@0.5 head", "OKS"]
    report = figures.report()
    assert report.startswith("joint ")
    assert "\nleft wrist " in report
    assert f"OKS {figures['OKS']:.3f} (mean pose {figures.baseline['OKS']:.3f})" in report


def test_the_flip_test_is_an_option(task):
    model = Knows()
    for value in (True, False):
        task_for(replace(task.recipe, options={"size": 32, "flip_test": value}), quick=True, facts=task.facts).evaluate(
            model
        )
        assert model.flip_test is value


@pytest.mark.parametrize("size", [(40, 100), (100, 40), (32, 32), (7, 300)])
def test_what_is_drawn_lies_where_it_is_in_the_picture(task, size):
    """The middle of the square is the middle of the picture, whatever its form."""
    image = np.zeros((3, *size), np.float32)
    picture, words = task.draw(Knows(), image, alpha=1.0)
    assert picture.shape == (*size, 3)
    rows, columns = np.nonzero(picture.any(2))
    assert (rows.mean() + 0.5, columns.mean() + 0.5) == pytest.approx((size[0] / 2, size[1] / 2), abs=0.6)
    assert words == "14 joints, score 0.65; least sure: right ankle 0.30"
    picture, _ = task.draw(Knows(move=4.0), image, alpha=1.0)
    _, moved = np.nonzero(picture.any(2))
    if size[1] >= 40:
        assert moved.mean() - columns.mean() == pytest.approx(4 * max(size) / 32, abs=1)


@pytest.mark.parametrize(("options", "words"), [
    ({"size": 8}, "train: size is 8"), ({"degrees": 500}, "train: degrees is 500"), ({"scale": 2}, "train: scale is 2"),
    ({"flip_test": "yes"}, "train: flip_test is a str"), ({"alpha": 1}, "train: option is 'alpha', expected one of size, "),
])  # fmt: skip
def test_options_are_checked(options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        task_for(recipe_for("pose", "figures", options=options))


@pytest.mark.parametrize("changes", [
    {"joints": "abc"}, {"mean_pose": [[1, 2]]}, {"mean_pose": [[np.nan, 0]] * 14}, {"pairs": [[1, 2, 3]]},
    {"pairs": [[0.5, 1]]},
])  # fmt: skip
def test_facts_are_checked(task, changes):
    with pytest.raises(ValueError, match="open_run: "):
        Pose.checked_facts({**task.facts, **changes})
    assert Pose.checked_facts(task.facts) == task.facts


def test_another_data_sets_joints(task):
    other = task_for(task.recipe, quick=True, facts={**task.facts, "joints": [f"joint {i}" for i in range(14)]})
    with pytest.raises(
        ValueError, match="eval: data has the joints right ankle, .*, expected joint 0, .*: those were learnt"
    ):
        other.evaluate(Knows())


@pytest.mark.data
def test_photographs_are_turned_and_coloured_in_training_only():
    task = task_for(recipe_for("pose_regression", "lspet"))
    train, plain = task.open("train", training=True), task.open("train")
    assert len(train) == 1600
    assert len(task.open("val")) == 200
    assert not np.array_equal(train[0][0], train[0][0])
    np.testing.assert_array_equal(plain[0][0], LSPET(split="train").load(0)[0])
    assert train[0][0].shape == (3, 128, 128)


def test_the_first_layers_of_the_trunk_stay_as_they_are():
    recipe = recipe_for("pose", "figures", options={"frozen_epochs": 1, "frozen_until": 4})
    model, task = MODELS["pose"].network(14, "mobilenet_v1_025"), task_for(recipe)
    learns = {}
    for epoch in range(3):
        task.stage(model, epoch)
        learns[epoch] = [name for name, parameter in model.backbone.named_parameters() if parameter.requires_grad]
    assert learns[0] == []
    assert learns[1] == learns[2]
    assert learns[1][0] == "dw4.weight"  # what comes after the map of stride 4
    assert all(parameter.requires_grad for parameter in model.decoder.parameters())


def test_freezing_is_checked():
    with pytest.raises(ValueError, match="frozen_epochs is -1"):
        task_for(recipe_for("pose", "figures", options={"frozen_epochs": -1}))
