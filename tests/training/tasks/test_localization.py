"""Classification with localisation through the commands: train, go on, evaluate, predict; the trunk's two stages."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from minidet import nn
from minidet.cli import main
from minidet.models import Localizer
from minidet.training.recipes import RECIPES, recipe_for
from minidet.training.runs import open_run
from minidet.training.tasks import Where, task_for
from minidet.training.tasks.localization import localize, mean_box
from minidet.training.train import train
from tests.data.photographs.test_voc import entry, write

FACTS = {"classes": ["background", "dark", "light"]}


@pytest.fixture
def photos(tmp_path):
    """Write six pictures of two sizes with a large and a small box each; the large one is dark or light."""
    for number in range(6):
        size = (48, 64) if number % 2 else (60, 40)
        pixels = np.full((*size, 3), 128, np.uint8)
        pixels[8:28, 4:34] = 255 * (number % 2)
        name = ("dark", "light")[number % 2]
        write(tmp_path, f"p{number}", entry("dark", 36, 2, 39, 6), entry(name, 5, 9, 34, 28), pixels=pixels,
              listed="test" if number > 3 else "train")  # fmt: skip
    return tmp_path


@pytest.fixture
def quick(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_QUICK", "1")
    recipe = replace(RECIPES["localization", "shapes"], quick_samples=8, batch_size=4, quick_epochs=2,
                     options={"size": (32, 32)}, model_args={"backbone": "resnet20", "width": 4})  # fmt: skip
    monkeypatch.setitem(RECIPES, ("localization", "shapes"), recipe)
    monkeypatch.chdir(tmp_path)


def test_train_eval_and_predict(quick, capsys, tmp_path):
    begin = ["train", "localization", "--data", "shapes", "--out", "run", "--option", "frozen_epochs=1"]
    assert main(begin) == 0
    history = open_run("run").history
    assert [set(record) for record in history] == [{"epoch", "loss", "loss_classifier", "loss_box_reg", "seconds"}] * 2
    capsys.readouterr()
    assert main(["eval", "run"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("localization on shapes, test split, 8 images\nclass ")
    for figure in ("classification accuracy", "box accuracy", "mean IoU", "localisation accuracy"):
        assert re.search(rf"^{figure} \d\.\d+ \(mean box \d\.\d+\)$", printed, re.MULTILINE), figure
    Image.fromarray(np.full((50, 70, 3), 90, np.uint8)).save("photo.png")
    assert main(["predict", "run", "photo.png", "--alpha", "1"]) == 0
    said = capsys.readouterr().out
    x1, y1, x2, y2 = (
        int(n) for n in re.search(r": \w+ at \[(\d+), (\d+), (\d+), (\d+)\], score 0\.\d\d\n", said).groups()
    )
    with Image.open("run/predictions/photo.png") as picture:
        assert picture.size == (70, 50)
        assert picture.getpixel((x2 - 1, y2 - 1)) != (90, 90, 90)
        assert 0 <= x1 <= x2 <= 70
        assert 0 <= y1 <= y2 <= 50


def test_a_run_goes_on_with_a_frozen_trunk_as_if_it_had_not_stopped(quick, tmp_path):
    recipe = recipe_for("localization", "shapes", options={"frozen_epochs": 2})
    recipe = replace(recipe, quick_epochs=3)
    whole = train(recipe, tmp_path / "whole", quick=True, progress=False)
    from minidet.training import train as module

    class Stopped(Exception):
        """The power went."""

    kept = module.RunFolder.save

    def save(self, about, state, *rest):
        kept(self, about, state, *rest)
        if state["epoch"] == 1:
            raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.RunFolder, "save", save)
        with pytest.raises(Stopped):
            train(recipe, tmp_path / "parts", quick=True, progress=False)
    parts = train(recipe, tmp_path / "parts", quick=True, progress=False, resume=True)
    for name, value in whole.state_dict().items():
        assert np.array_equal(value.numpy(), parts.state_dict()[name].numpy()), name


def test_the_trunk_is_frozen_then_fine_tuned():
    recipe = recipe_for("localization", "bccd", options={"frozen_epochs": 2, "frozen_until": 8})
    model, task = Localizer(3, "mobilenet_v1_025"), task_for(recipe)
    learns = {}
    for epoch in range(4):
        task.stage(model, epoch)
        learns[epoch] = [name for name, parameter in model.backbone.named_parameters() if parameter.requires_grad]
    assert learns[0] == learns[1] == []
    assert learns[2] == learns[3]
    assert learns[2][0] == "dw6.weight"  # what comes after the map of stride 8
    assert all(parameter.requires_grad for parameter in model.box_head.parameters())


def test_without_stages_nothing_is_frozen_or_unfrozen():
    model = Localizer(3, "mobilenet_v1_025")
    model.backbone.conv0.requires_grad_(False)
    task_for(recipe_for("localization", "bccd")).stage(model, 0)
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    assert frozen == ["backbone.conv0.weight", "backbone.conv0.bias"]


def test_photographs_are_stretched_and_the_largest_object_is_learnt(photos):
    recipe = recipe_for("localization", "voc", options={"size": [40, 80]})
    task = task_for(recipe, where=Where(root=photos))
    held_out = task.open("test")
    task.prepare(held_out)
    assert task.classes == ["background", "dark", "light"]
    image, target = held_out[1]
    assert image.shape == (3, 40, 80)
    np.testing.assert_allclose(target["boxes"], [[4 * 80 / 64, 8 * 40 / 48, 34 * 80 / 64, 28 * 40 / 48]], rtol=1e-6)
    assert target["labels"].tolist() == [2]
    seen = task.open("train", training=True)
    assert [seen[i][0].shape for i in range(len(seen))] == [(3, 40, 80)] * 4
    simplest = mean_box(task.open("train"))
    assert simplest.counts.tolist() == [0, 2, 2]


class Guess(nn.Module):
    """Say light, and the box of the pictures of 48 x 64."""

    def forward(self, images):
        return [{"boxes": np.array([[4 * 80 / 64, 8 * 40 / 48, 34 * 80 / 64, 28 * 40 / 48]]), "labels": np.array([2])}
                for _ in images]  # fmt: skip


def test_figures_of_a_model_whose_answers_are_known(photos, monkeypatch):
    monkeypatch.setattr("minidet.training.tasks.localization.localize", lambda model, images: Guess()(images))
    recipe = recipe_for("localization", "voc", options={"size": [40, 80]})
    task = task_for(recipe, where=Where(root=photos), facts=FACTS)
    figures = task.evaluate(Guess())
    assert figures.images == 2
    assert figures["classification accuracy"] == 0.5
    assert figures["localisation accuracy"] == 0.5
    assert figures[task.headline] == 0.5
    assert figures.classes == ["dark", "light"]
    assert figures.baseline["classification accuracy"] == 0.5
    assert "mean box" in figures.report()
    other = task_for(recipe, where=Where(root=photos), facts={"classes": ["background", "light", "dark"]})
    with pytest.raises(ValueError, match="eval: data has the classes background, dark, light, expected"):
        other.evaluate(Guess())


def test_boxes_are_drawn_where_the_picture_has_them():
    task = task_for(recipe_for("localization", "bccd", options={"size": (40, 80)}), facts=FACTS)
    model = Localizer(3, "mobilenet_v1_025").eval()
    model.box_head.edges.weight._write_array()[...] = 0
    model.classifier.bias._write_array()[...] = [-50, 50]
    picture, words = task.draw(model, np.full((3, 120, 200), 0.5, np.float32), alpha=1.0)
    assert words == "light at [50, 30, 150, 90], score 1.00"
    assert picture.shape == (120, 200, 3)
    assert (picture[89, 149] != 128).any()
    assert (picture[100, 170] == 128).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 8}, "size is 8"),
        ({"size": (64, 5000)}, "size is .*, expected at most 4096"),
        ({"scale": 1}, "scale is 1, expected two numbers"),
        ({"frozen_epochs": -1}, "frozen_epochs is -1"),
        ({"frozen_until": "x"}, "frozen_until is 'x'"),
        ({"first_pixel": 3}, "first_pixel is 3, expected one of 0, 1"),
        ({"sizes": 3}, "option is 'sizes', expected one of size, scale, "),
    ],
)
def test_wrong_options(options, words):
    with pytest.raises((ValueError, TypeError), match="train: " + words):
        task_for(recipe_for("localization", "bccd", options=options))


@pytest.mark.data
@pytest.mark.slow
def test_blood_cells_from_pretrained_weights(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MINIDET_QUICK", "1")
    run = str(tmp_path / "run")
    assert (
        main(["train", "localization", "--data", "bccd", "--pretrained", "--option", "frozen_epochs=1", "--out", run])
        == 0
    )
    assert main(["eval", run]) == 0
    assert "localisation accuracy" in capsys.readouterr().out


def test_answers_are_arrays_without_a_tape():
    model = Localizer(3, "mobilenet_v1_025")
    (answer,) = localize(model, [np.full((3, 32, 32), 0.5, np.float32)])
    assert all(isinstance(value, np.ndarray) for value in answer.values())
    assert not model.training
