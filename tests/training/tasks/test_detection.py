"""Detection through the commands, with a stand-in for a detector; figures of one whose answers are known."""

import json
import pathlib
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
from minidet.training.tasks import Where, data_sets, proposals, task_for
from minidet.training.tasks.augmentation import LEAST_VISIBLE
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
        line = rf"^{figure} \d\.\d+ \(selective search \d\.\d+\)$"
        assert re.search(line, printed, re.MULTILINE), figure
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
    task = task_for(recipe_for("stub", "voc", options={"size": (32, 40), "scale": (1, 2), "flip": 1.0}))
    _, window, _ = task.change().transforms
    assert (window.size, window.scale, window.p, window.min_visible) == ((32, 40), (1, 2), 1.0, LEAST_VISIBLE)
    free = task_for(recipe_for("stub", "voc", options={"min_size": 64, "scale": (0.5, 2), "flip": 0}))
    image, target = np.zeros((3, 40, 60), np.float32), {"boxes": np.array([[0, 0, 30, 40]], np.float32)}
    sizes = set()
    for seed in range(5):
        moved, where = free.change()(image, target, np.random.default_rng(seed))
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


class Given(Stub):
    """Take proposals from outside."""

    def __init__(self, num_classes, search="single"):
        super().__init__(num_classes)
        self.given = []

    def forward(self, images, targets=None, proposals=None):
        self.given.append(proposals)
        return super().forward(images, targets)


@pytest.fixture
def given(stub, monkeypatch, tmp_path):
    """Add a model that takes proposals; return the shapes of the pictures that are searched."""
    searched = []

    def search(image, mode):
        searched.append((image.shape, mode))
        return np.array([[0, 0, image.shape[2] / 4, image.shape[1]]], np.float32)  # the left quarter

    monkeypatch.setattr(proposals, "search", search)
    monkeypatch.setenv("MINIDET_CACHE", str(tmp_path / "kept"))
    monkeypatch.setitem(MODELS, "given", Row(Given, "detection"))
    for data in ("shapes", "bccd"):
        options = {"size": (48, 64)} if data == "shapes" else {"flip": 1.0}
        recipe = Recipe(
            "given", data, epochs=2, batch_size=2, lr=1e-2, train_samples=4, test_samples=3, options=options
        )
        monkeypatch.setitem(RECIPES, ("given", data), recipe)
    return searched


def test_photographs_are_searched_once_and_proposals_are_mirrored_with_them(given, photos, capsys):
    assert main(["train", "given", "--data", "voc", "--root", str(photos), "--out", "run"]) == 0
    assert len(given) == 2  # in two epochs: of the four pictures, two and two are the same
    assert {mode for _, mode in given} == {"single"}
    assert re.search("selective search: 100%.*4/4", capsys.readouterr().err)
    task = task_for(recipe_for("given", "voc"), where=Where(root=photos), facts=FACTS)
    model, data = Given(3), task.open("train", training=True)
    for i in range(4):
        image, target = data[i]
        task.loss(model, task.collate([(image, target)]))
        width, height = image.shape[2], image.shape[1]
        np.testing.assert_array_equal(model.asked[-1]["proposals"], [[width * 0.75, 0, width, height]])
    assert len(given) == 2
    assert "proposals" not in task.open("train")[0][1]


@pytest.mark.parametrize("options", [{"size": (64, 32)}, {"min_size": 80}])
def test_pictures_are_searched_in_the_size_in_which_they_are_seen(given, photos, options):
    task = task_for(recipe_for("given", "voc", options=options), where=Where(root=photos), facts=FACTS)
    model = Given(3)
    task.evaluate(model)
    shapes = {"size": [(3, 64, 32)] * 2, "min_size": [(3, 120, 80), (3, 80, 106)]}[next(iter(options))]
    assert {shape for shape, _ in given} == set(shapes)
    for proposed, (_, height, width) in zip(model.given, shapes, strict=True):
        np.testing.assert_array_equal(proposed[0], [[0, 0, width / 4, height]])
    task.evaluate(model)
    task.look(model, np.full((3, 90, 70), 0.3, np.float32))  # a picture that nobody has searched: the model does it
    assert model.given[-1] is None
    assert len(given) == len(set(shapes))  # of the same picture once
    known = task.open("test").load(0)[0]
    for anew in (False, True):
        task.look(model, known, anew=anew)
        assert (model.given[-1] is None) == anew


def test_new_scenes_are_searched_as_they_come(given, tmp_path):
    task = task_for(recipe_for("given", "shapes"))
    data = task.open("train", training=True)
    task.before(data)
    assert given == []
    (one, first), (other, second) = data[0], data[0]
    assert not np.array_equal(one, other)
    assert first["proposals"].tolist() == second["proposals"].tolist() == [[0, 0, 16, 48]]
    assert len(given) == 2
    assert not [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]


def test_few_photographs_in_quick_mode(stub, photos):
    recipe = replace(recipe_for("stub", "voc"), quick_samples=3)
    for quick, counts in ((True, (3, 2)), (False, (4, 2))):
        task = task_for(recipe, where=Where(root=photos), quick=quick)
        assert (len(task.open("train", training=True)), len(task.open("test"))) == counts
        assert list(task.open("train").classes) == FACTS["classes"]


class Staged(Stub):
    """Learn in stages, each of which keeps a file; the last one sets the boxes."""

    def fit(self, data, folder, steps, lr, weight_decay, resume, progress):
        folder.mkdir(exist_ok=True)
        first = folder / "first"
        if not resume:
            first.unlink(missing_ok=True)
        begun = first.exists()
        first.write_text("done")
        images = [data[i][0] for i in range(len(data))]
        assert all(np.array_equal(image, data[i][0]) for i, image in enumerate(images))
        if (folder.parent / "stop").exists():
            raise KeyboardInterrupt
        self.shares._write_array()[:] = lr
        return {"first": {"seconds": 1.5, "begun": begun}, "fine-tuning": {"seconds": 2.0, "loss": [9.0] * steps + [1.0] * 20},
                "features": {"seconds": 0.5, "bytes": 2 * 10**9, "shape": list(images[0].shape)}}  # fmt: skip


@pytest.fixture
def staged(stub, monkeypatch):
    monkeypatch.setitem(MODELS, "staged", Row(Staged, "detection"))
    for data in ("shapes", "bccd"):
        options = {"size": (48, 64)} if data == "shapes" else {"min_size": 32}
        recipe = Recipe(
            "staged", data, epochs=3, batch_size=2, lr=0.25, train_samples=4, test_samples=3, options=options
        )
        monkeypatch.setitem(RECIPES, ("staged", data), recipe)
    return ["train", "staged", "--data", "shapes", "--out", "run"]


def test_a_model_with_stages_trains_itself(staged, capsys):
    assert main([*staged, "--epochs", "5"]) == 0
    assert "features of all regions: 2.00 GB in run/stages, of no further use" in capsys.readouterr().err
    opened = open_run("run")
    assert opened.model.shares.detach().numpy().tolist() == [[0.25] * 4] * 2
    assert [(record["epoch"], record["stage"]) for record in opened.history] == [
        (5, "first"), (5, "fine-tuning"), (5, "features")]  # fmt: skip
    assert opened.history[1]["loss"] == 1.0
    assert opened.history[2]["shape"] == [3, 48, 64]
    assert main(["eval", "run", "--json", "figures.json"]) == 0
    record = json.loads(pathlib.Path("figures.json").read_text())
    assert (record["epochs"], record["seconds"]) == (5, 4.0)


def test_an_interrupted_run_of_stages_goes_on_and_is_not_opened_before(staged, capsys):
    pathlib.Path("run").mkdir()
    pathlib.Path("run/stop").touch()
    assert main(staged) == 130
    assert main(["eval", "run"]) == 2
    words = "open_run: run run is in the middle of its training, expected a run that is finished: the command"
    assert words in capsys.readouterr().err
    assert main([*staged, "--resume", "--lr", "0.5"]) == 2
    assert "resume: recipe of run is" in capsys.readouterr().err
    assert main([*staged, "--resume", "--seed", "1"]) == 2
    pathlib.Path("run/stop").unlink()
    assert main([*staged, "--resume"]) == 0
    assert open_run("run").history[0]["begun"] is True
    pathlib.Path("run/stop").touch()  # a finished run is not touched
    assert main([*staged, "--resume"]) == 0
    pathlib.Path("run/stop").unlink()
    assert main(staged) == 0  # another run in the same folder begins anew
    assert open_run("run").history[0]["begun"] is False


def test_what_means_nothing_for_stages_is_refused(staged, capsys):
    assert main([*staged, "--minutes", "2"]) == 2
    words = "train: --minutes is 2, expected --epochs: staged is trained stage by stage"
    assert words in capsys.readouterr().err
    assert main([*staged, "--option", "frozen_epochs=2"]) == 2
    assert "frozen_epochs is 2, expected 0: fine-tuning is one stage of Staged" in capsys.readouterr().err
    assert main([*staged, "--option", "augmentation=ssd"]) == 2
    assert "augmentation is ssd, expected plain: staged computes features of a picture once" in capsys.readouterr().err
    assert not pathlib.Path("run").exists()


def test_photographs_of_stages_have_the_size_that_is_asked_for_and_stay_the_same(staged, photos):
    data = task_for(recipe_for("staged", "voc"), where=Where(root=photos)).open("train", training=True)
    assert sorted(data[i][0].shape for i in range(4)) == [(3, 32, 42), (3, 32, 42), (3, 48, 32), (3, 48, 32)]
    assert np.array_equal(data[0][0], data[0][0])


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
