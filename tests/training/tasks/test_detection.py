"""Detection through the commands, with a stand-in for a detector; figures of one whose answers are known."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from minidet import Tensor, nn, tensor
from minidet.cli import main
from minidet.data import CocoDetection
from minidet.models import MODELS, Row
from minidet.training.recipe import Recipe
from minidet.training.recipes import RECIPES, recipe_for
from minidet.training.runs import open_run
from minidet.training.tasks import Where, data_sets, task_for
from minidet.training.tasks.detection import LEAST_VISIBLE, changes
from tests.data.photographs.test_coco import entry as coco_entry
from tests.data.photographs.test_coco import write as coco_write
from tests.data.photographs.test_voc import entry, write

FACTS = {"classes": ["background", "dark", "light"]}


class Stub(nn.Module):
    """Say the same boxes for every picture, as shares of its sides; learn them from the first object of each."""

    def __init__(self, num_classes, boxes=((0.1, 0.1, 0.6, 0.6), (0.5, 0.5, 0.9, 0.9))):
        super().__init__()
        self.num_classes = num_classes
        self.shares = nn.Parameter(np.array(boxes, np.float32))
        self.asked = []

    def forward(self, images, targets=None):
        sides = [np.array(np.shape(image)[:0:-1] * 2, np.float32) for image in images]
        if self.training:
            self.asked += targets
            wrong = [self.shares - tensor(np.asarray(target["boxes"])[:1] / side)
                     for target, side in zip(targets, sides, strict=True) if len(target["boxes"])]  # fmt: skip
            loss = sum((part**2).mean() for part in wrong) if wrong else (self.shares * 0).sum()
            return {"loss_box": loss, "loss_nothing": (self.shares * 0).sum()}
        return [{"boxes": self.shares * tensor(side), "labels": tensor([1, self.num_classes - 1]),
                 "scores": tensor(np.array([0.9, 0.4], np.float32))} for side in sides]  # fmt: skip


@pytest.fixture
def stub(monkeypatch, tmp_path):
    """Add a model and its recipes: what a detector adds, and no more."""
    monkeypatch.setitem(MODELS, "stub", Row(Stub, "detection"))
    for data, options in (("shapes", {"size": (48, 64)}), ("digits", {"size": 48}), ("bccd", {})):
        recipe = Recipe("stub", data, epochs=2, batch_size=4, lr=1e-2, quick_samples=8, train_samples=8, test_samples=8,
                        options=options)  # fmt: skip
        monkeypatch.setitem(RECIPES, ("stub", data), recipe)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def photos(tmp_path):
    """Write six pictures of two sizes with a dark or a light object, one that is difficult, and one without any."""
    for number in range(6):
        name = ("dark", "light")[number % 2]
        hard = entry(name, 36, 2, 39, 6, more="<difficult>1</difficult>")
        objects = [] if number == 3 else [entry(name, 5, 9, 34, 28), hard]
        write(tmp_path, f"p{number}", *objects, size=(48, 64) if number % 2 else (60, 40),
              listed="test" if number > 3 else "train")  # fmt: skip
    return tmp_path


@pytest.mark.parametrize("data", ["shapes", "digits"])
def test_train_eval_and_predict(stub, capsys, data):
    if data == "digits":
        pytest.importorskip("sklearn", reason="needs scikit-learn's digits")
    assert main(["train", "stub", "--data", data, "--out", "run"]) == 0
    assert [set(record) for record in open_run("run").history] == [
        {"epoch", "loss", "loss_box", "loss_nothing", "seconds"}
    ] * 2
    capsys.readouterr()
    assert main(["eval", "run"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"stub on {data}, test split, 8 images\nclass ")
    for figure in ("AP", "AP50", "AP75", "AR1", "AR100", "VOC AP50"):
        assert re.search(rf"^{figure} \d\.\d+$", printed, re.MULTILINE), figure
    Image.fromarray(np.full((50, 70, 3), 90, np.uint8)).save("photo.png")
    assert main(["predict", "run", "photo.png", "--alpha", "1"]) == 0
    named = "circle" if data == "shapes" else "0"
    assert f"photo.png: {named} 0.90\n" in capsys.readouterr().out
    assert main(["predict", "run", "photo.png", "--option", "score=0.3"]) == 0
    assert re.search(rf": {named} 0.90, \w+ 0.40\n", capsys.readouterr().out)
    assert main(["predict", "run", "photo.png", "--option", "score=1"]) == 0
    assert ": nothing\n" in capsys.readouterr().out


def test_a_task_without_models_is_not_offered(stub, monkeypatch):
    assert data_sets()["coco"] == ["detection"]
    for name, row in list(MODELS.items()):
        if row.task == "detection":
            monkeypatch.delitem(MODELS, name)
    assert "coco" not in data_sets()
    assert "detection" not in data_sets()["shapes"]


def test_figures_of_a_model_whose_answers_are_known(stub, photos):
    """The dark object is found, the light one is found as dark, with an equal score; of such, VOC counts the wrong one first."""
    box = np.array([4 / 40, 8 / 60, 34 / 40, 28 / 60])
    task = task_for(recipe_for("stub", "voc"), where=Where(root=photos), facts=FACTS)
    model = Stub(3, (box, np.array([35 / 64, 1 / 48, 39 / 64, 6 / 48])))
    figures = task.evaluate(model)
    assert figures.images == 2
    assert figures.classes == ["dark", "light"]
    assert figures["AP"] == figures[task.headline] == pytest.approx(0.5)
    assert figures["VOC AP50"] == pytest.approx(0.25)
    np.testing.assert_allclose(figures.per_class["AP50"], [1, 0])
    np.testing.assert_allclose(figures.per_class["VOC AP50"], [0.5, 0])
    assert np.isnan(figures["APl"])
    other = task_for(
        recipe_for("stub", "voc"), where=Where(root=photos), facts={"classes": ["background", "light", "dark"]}
    )
    with pytest.raises(ValueError, match="eval: data has the classes background, dark, light, expected"):
        other.evaluate(model)


@pytest.mark.parametrize("options", [{"size": [96, 64]}, {"min_size": 80}, {}])
def test_the_model_sees_another_size_and_figures_are_in_the_picture_s_own(stub, photos, options):
    task = task_for(recipe_for("stub", "voc", options=options), where=Where(root=photos), facts=FACTS)
    model, seen = Stub(3), []
    forward = model.forward

    def noting(images, targets=None):
        seen.extend(np.shape(image)[1:] for image in images)
        return forward(images, targets)

    model.forward = noting
    found = task.look(model, np.zeros((3, 60, 40), np.float32))
    assert seen == [{"size": (96, 64), "min_size": (120, 80)}.get(next(iter(options), ""), (60, 40))]
    np.testing.assert_allclose(found["boxes"], [[4, 6, 24, 36], [20, 30, 36, 54]], rtol=1e-5)
    assert found["boxes"].dtype == np.float32


def test_crowds_and_difficult_objects_reach_the_model(stub, photos):
    task = task_for(recipe_for("stub", "voc"), where=Where(root=photos))
    data = task.open("train", training=True)
    task.prepare(data)
    assert task.classes == ["background", "dark", "light"]
    model = Stub(3)
    losses = task.loss(model, task.collate([data[i] for i in range(4)]))
    assert all(isinstance(value, Tensor) for value in losses.values())
    assert [set(target) for target in model.asked] == [{"boxes", "labels", "difficult"}] * 4
    assert [target["difficult"].tolist() for target in model.asked] == [[False, True]] * 3 + [[]]
    assert model.asked[3]["boxes"].shape == (0, 4)


@pytest.fixture
def own(tmp_path):
    """Write a file in COCO's form with ten pictures."""
    images = [{"id": number, "file_name": "a.png"} for number in range(10)]
    square = [[2, 2, 8, 2, 8, 8, 2, 8]]
    objects = [coco_entry(7, [2, 2, 6, 6], image=n, id=n, segmentation=square, iscrowd=n % 2) for n in range(10)]
    root, path = coco_write(tmp_path / "own", objects, images=images)
    return Where(root=root, annotations=path)


def test_a_file_of_coco_is_shared_out_or_taken_whole(stub, own):
    recipe = recipe_for("stub", "coco")
    parts = {split: task_for(recipe, where=own).open(split) for split in ("train", "val", "test")}
    assert {split: data.indices for split, data in parts.items()} == {
        "train": [2, 3, 4, 7, 8, 9],
        "val": [1, 6],
        "test": [0, 5],
    }
    assert parts["test"].classes == ["background", "person", "train", "tooth brush"]
    whole = task_for(replace(recipe, options={"whole_file": True}), where=own).open("test")
    assert isinstance(whole, CocoDetection)
    assert len(whole) == 10
    about = json.loads(own.annotations.read_text())
    own.annotations.write_text(json.dumps({**about, "images": about["images"][:1], "annotations": []}))
    with pytest.raises(ValueError, match="coco: annotations has 1 pictures, none for split train, expected at least 3"):
        task_for(recipe, where=own).open("train")


class Masks(Stub):
    """Also say masks: all of each box."""

    def forward(self, images, targets=None):
        found = super().forward(images, targets)
        for image, answer in [] if self.training else zip(images, found, strict=True):
            masks = np.zeros((2, 1, *np.shape(image)[1:]), np.float32)
            for mask, box in zip(masks, answer["boxes"].numpy().round().astype(int), strict=True):
                mask[0, box[1] : box[3], box[0] : box[2]] = 0.75
            answer["masks"] = tensor(masks)
        return found


@pytest.mark.parametrize("options", [{}, {"size": (48, 80)}])
def test_masks_are_scored_where_they_are_asked_for(stub, own, options):
    task = task_for(recipe_for("stub", "coco", options={"masks": True, **options}), where=own)
    task.prepare(task.open("train", training=True))
    box = np.array([2 / 20, 2 / 12, 8 / 20, 8 / 12])
    model = Masks(3, (box, box))
    figures = task.evaluate(model.eval())
    assert figures["mask AP"] == figures["AP"] == 1  # the second label is 2, a train
    assert list(figures.per_class)[3:] == ["mask AP", "mask AP50", "mask AP75", "VOC AP50"]
    model.train()
    task.loss(model, task.collate([task.open("train", training=True)[0]]))
    assert model.asked[0]["masks"].shape[0] == len(model.asked[0]["labels"])


def test_photographs_are_changed_for_training(stub):
    options = task_for(recipe_for("stub", "voc", options={"size": (32, 40), "scale": (1, 2), "flip": 1.0})).options
    _, window, _ = changes(options).transforms
    assert (window.size, window.scale, window.p, window.min_visible) == ((32, 40), (1, 2), 1.0, LEAST_VISIBLE)
    free = task_for(recipe_for("stub", "voc", options={"min_size": 64, "scale": (0.5, 2), "flip": 0})).options
    image, target = np.zeros((3, 40, 60), np.float32), {"boxes": np.array([[0, 0, 30, 40]], np.float32)}
    sizes = set()
    for seed in range(5):
        moved, where = changes(free)(image, target, np.random.default_rng(seed))
        sizes.add(moved.shape)
        assert 32 <= moved.shape[1] <= 128
        np.testing.assert_allclose(where["boxes"], [[0, 0, moved.shape[2] / 2, moved.shape[1]]], rtol=0.02)
    assert len(sizes) > 1


@pytest.mark.parametrize("data", ["shapes", "voc"])
def test_ssd_s_augmentation(stub, photos, data):
    options = {"augmentation": "ssd", "zoom_out": 2.5, "size": (64, 96), "flip": 0.25}
    where = Where(root=photos) if data == "voc" else Where()
    task = task_for(recipe_for("stub", data, options=options), where=where)
    seen = task.open("train", training=True)
    names = [type(change).__name__ for change in seen.transform.transforms]
    assert names == ["RandomPhotometricDistort", "RandomZoomOut", "RandomIoUCrop", "Resize", "RandomHorizontalFlip"]
    assert seen.transform.transforms[1].side_range == (1, 2.5)
    assert seen.transform.transforms[4].p == (0.25 if data == "voc" else 0)  # letters and digits have no mirror image
    for index in range(4):
        image, target = seen[index]
        assert image.shape == (3, 64, 96)
        assert (target["boxes"] <= [96, 64, 96, 64]).all()
    assert task.open("test").transform is None
    if data == "voc":
        task = task_for(recipe_for("stub", data, options={"augmentation": "ssd"}), where=where)
        with pytest.raises(ValueError, match="train: augmentation is ssd without a size, expected a size"):
            task.open("train", training=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 8}, "size is 8"),
        ({"size": (64, 5000)}, "size is .*, expected at most 4096"),
        ({"size": 64, "min_size": 64}, "min_size is 64 beside a size, expected one of the two"),
        ({"min_size": 5000}, "min_size is 5000, expected at most 4096"),
        ({"scale": 1}, "scale is 1, expected two numbers"),
        ({"flip": 2}, "flip is 2"),
        ({"augmentation": "yolo"}, "augmentation is 'yolo', expected one of"),
        ({"augmentation": "ssd", "zoom_out": 0.5}, "zoom_out is 0.5"),
        ({"masks": "yes"}, "masks is a str, expected True or False"),
        ({"frozen_epochs": -1}, "frozen_epochs is -1"),
        ({"first_pixel": 3}, "first_pixel is 3, expected one of 0, 1"),
        ({"anchors": 3}, "option is 'anchors', expected one of size, min_size, "),
    ],
)
def test_wrong_options(stub, options, words):
    with pytest.raises((ValueError, TypeError), match="train: " + words):
        task_for(recipe_for("stub", "bccd", options=options))


def test_scenes_have_the_size_that_is_asked_for(stub):
    with pytest.raises(ValueError, match="train: min_size is 64, expected None: scenes are made in the size"):
        task_for(recipe_for("stub", "shapes", options={"size": None, "min_size": 64})).open("test")
    with pytest.raises(
        ValueError, match=r"train: size is \(48, 64\), expected one number: scenes of digits are square"
    ):
        task_for(recipe_for("stub", "digits", options={"size": (48, 64)})).open("test")
    assert task_for(recipe_for("stub", "shapes", options={"size": None})).open("test")[0][0].shape == (3, 96, 96)


@pytest.mark.data
def test_blood_cells(stub):
    task = task_for(recipe_for("stub", "bccd", options={"min_size": 120}))
    task.prepare(task.open("train", training=True))
    assert task.classes == ["background", "Platelets", "RBC", "WBC"]
    image, target = task.open("train", training=True)[0]
    assert image.shape == (3, 120, 160)
    assert len(target["boxes"]) == len(target["labels"]) == len(target["difficult"])
    figures = task.evaluate(Stub(4))
    assert figures.images == 72
    assert 0 <= figures["AP"] < 0.1
