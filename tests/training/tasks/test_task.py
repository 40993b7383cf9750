"""A task that is added by rows alone: no command knows it, and every command works with it."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image

from minidet import Tensor, nn, tensor
from minidet.cli import main
from minidet.commands.options import parse_options
from minidet.data import Dataset, collate_detection
from minidet.errors import number
from minidet.models import MODELS, Row
from minidet.serialization import load_checkpoint
from minidet.training import train as training
from minidet.training.fit import MOST_EPOCHS
from minidet.training.recipe import Recipe
from minidet.training.recipes import RECIPES, recipe_for
from minidet.training.runs import open_run
from minidet.training.tasks import TASKS, Source, Task, task_for
from minidet.training.tasks.figures import Figures


class Spots(Dataset):
    """Dark pictures of two sizes, each with one light spot, and the box around it."""

    def __len__(self):
        return 24

    def load(self, index):
        rng = np.random.default_rng(index)
        image = np.zeros((3, 8, 8 + 2 * (index % 2)), np.float32)
        y, x = rng.integers(0, 6, 2)
        image[:, y : y + 2, x : x + 2] = 1
        return image, {"boxes": np.array([[x, y, x + 2, y + 2]], np.float32)}


class Finder(nn.Module):
    """Map a list of images to boxes (N, 4), from where the light is."""

    def __init__(self, num_outputs, backbone="plain", pretrained=False):
        super().__init__()
        self.backbone = nn.Linear(2, 6)
        self.head = nn.Linear(6, num_outputs)
        self.began_with = backbone, pretrained

    def forward(self, images):
        centres = []
        for image in images:
            rows, columns = np.nonzero(np.asarray(image)[0] > 0.5)
            centres.append([rows.mean(), columns.mean()] if len(rows) else [0, 0])
        return self.head(self.backbone(tensor(np.array(centres, np.float32))))


class Finding(Task):
    """Where the spot is: targets are boxes, pictures are of several sizes, the loss has two parts."""

    name = "finding"
    headline = "found"
    sources = {
        "spots": Source(lambda task, split, training: Spots()),
        "own": Source(lambda task, split, training: Spots(), recipes="spots", needs=("root", "annotations")),
    }
    collate = staticmethod(collate_detection)

    @dataclass(frozen=True)
    class Options:
        """How near is found."""

        near: float = 1.0  # pixels

        def __post_init__(self):
            number("train", "near", self.near, 0)

    def describe(self, dataset):
        """A box has four numbers, whatever it is around: there are no classes."""
        return {"numbers": 4}

    @classmethod
    def checked_facts(cls, facts):
        number("open_run", "numbers", facts["numbers"], 4, 4)
        return facts

    def build(self, pretrained=True):
        args = self.recipe.model_args
        return Finder(self.facts["numbers"], args["backbone"], pretrained and args["pretrained"])

    def loss(self, model, batch):
        images, targets = batch
        wrong = model(images) - tensor(np.concatenate([target["boxes"] for target in targets]))
        return {"corner": (wrong[:, :2] ** 2).mean(), "far corner": (wrong[:, 2:] ** 2).mean()}

    def status(self):
        return {"near": f"{self.options.near}"}

    def evaluate(self, model, split="test"):
        dataset = self.open(split)
        images, targets = collate_detection([dataset[i] for i in range(len(dataset))])
        wrong = np.abs(model(images).detach().numpy() - np.concatenate([target["boxes"] for target in targets]))
        return Figures({"error": wrong.mean(), "found": (wrong.max(1) < self.options.near).mean()}, len(dataset))

    def look(self, model, image):
        return model([image]).detach().numpy()[0].round().astype(int).clip(0, 7)

    def paint(self, image, box, alpha):
        picture = (image.transpose(1, 2, 0) * 255).astype(np.uint8)
        picture[box[1] : box[3], box[0] : box[2]] = [255 * alpha, 0, 0]
        return picture, f"a spot at {box.tolist()}"


RECIPE = Recipe("finder", "spots", epochs=60, batch_size=6, lr=0.1, weight_decay=0.0, warmup_steps=2, max_norm=100.0,
                pretrained_lr=0.5, model_args={"backbone": "plain", "pretrained": False})  # fmt: skip


@pytest.fixture
def rows(monkeypatch, tmp_path):
    """Add the task, its model and its recipe: four rows, and no command is touched."""
    monkeypatch.setitem(TASKS, "finding", Finding)
    monkeypatch.setitem(MODELS, "finder", Row(Finder, "finding"))
    monkeypatch.setitem(RECIPES, ("finder", "spots"), RECIPE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIDET_QUICK", raising=False)


def test_train_eval_and_predict_know_it(rows, capsys, tmp_path):
    assert main(["train", "finder", "--data", "spots", "--backbone", "other", "--pretrained"]) == 0
    history = open_run("runs/finder-spots").history
    assert history[-1]["loss"] == pytest.approx(history[-1]["corner"] + history[-1]["far corner"])
    assert history[-1]["loss"] < 0.01 < history[0]["loss"]
    assert main(["eval", "runs/finder-spots"]) == 0
    printed = capsys.readouterr().out
    assert "finder on spots, test split, 24 images\nerror 0.0" in printed
    assert printed.endswith("found 1.000\n")
    assert main(["eval", "runs/finder-spots", "--option", "near=0"]) == 0
    assert capsys.readouterr().out.endswith("found 0.000\n")
    image = Spots().load(3)[0]
    Image.fromarray((image.transpose(1, 2, 0) * 255).astype(np.uint8)).save("spot.png")
    assert main(["predict", "runs/finder-spots", "spot.png", "--alpha", "1"]) == 0
    box = Spots().load(3)[1]["boxes"][0].astype(int).tolist()
    assert capsys.readouterr().out == f"spot.png -> runs/finder-spots/predictions/spot.png: a spot at {box}\n"
    with Image.open("runs/finder-spots/predictions/spot.png") as picture:
        assert picture.getpixel((box[0], box[1])) == (255, 0, 0)


def test_the_progress_line_has_every_part_of_the_loss(rows, capsys):
    main(["train", "finder", "--data", "spots", "--epochs", "1"])
    shown = capsys.readouterr().err
    assert re.search(r"loss=\d.*corner=\d.*far corner=\d.*near=1\.0", shown)


def test_help_lists_models_by_task(rows, capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    printed = capsys.readouterr().out
    finding = printed[printed.index("\nfinding:") :]
    assert re.fullmatch(r"\nfinding:\n  models +finder\n  data sets +own, spots\n  options +near\n", finding)
    segmentation = printed[printed.index("\nsegmentation:") : printed.index("\nfinding:")]
    assert "segnet" in segmentation
    assert "finder" not in segmentation


def test_a_model_and_data_that_do_not_fit(rows, capsys):
    assert main(["train", "finder", "--data", "shapes"]) == 2
    words = capsys.readouterr().err
    assert "data is 'shapes', which serves segmentation and " in words
    assert ", expected one of own, spots: finder learns finding; " in words
    assert main(["train", "segnet", "--data", "spots"]) == 2
    assert "segnet learns segmentation; finder fit spots." in capsys.readouterr().err


def test_data_of_ones_own_says_what_it_needs(rows, capsys):
    assert main(["train", "finder", "--data", "own", "--root", "."]) == 2
    assert "error: own: --annotations is missing, expected a path" in capsys.readouterr().err
    assert main(["train", "finder", "--data", "own", "--root", ".", "--annotations", "a.json", "--epochs", "1"]) == 0
    assert open_run("runs/finder-own").recipe.data == "own"


def test_options_are_kept_with_the_run_and_checked(rows, capsys):
    begin = ["train", "finder", "--data", "spots", "--epochs", "1", "--out", "run", "--option"]
    assert main([*begin, "near=2.5"]) == 0
    assert open_run("run").task.options == Finding.Options(near=2.5)
    assert main([*begin, "near=3", "--resume"]) == 2
    assert "resume: recipe of run is " in capsys.readouterr().err
    for option, words in (("far=1", "train: option is 'far', expected one of near"), ("near=x", "near is 'x', expected"),
                          ("near", "train: --option is near, expected NAME=VALUE")):  # fmt: skip
        assert main([*begin, option]) == 2
        assert words in capsys.readouterr().err


def test_values_of_options_are_json_or_text():
    given = parse_options("train", ["a=1", "b=[1, 2.5]", "c=power", "d=x=y", "e="])
    assert given == {"a": 1, "b": [1, 2.5], "c": "power", "d": "x=y", "e": ""}


def test_a_run_is_opened_without_the_weights_that_it_began_with(rows):
    main(["train", "finder", "--data", "spots", "--epochs", "1", "--out", "run", "--pretrained"])
    opened = open_run("run")
    assert opened.recipe.model_args["pretrained"] is True
    assert opened.model.began_with == ("plain", False)
    assert opened.task.build().began_with == ("plain", True)


@pytest.mark.parametrize(("pretrained", "rates"), [(False, [0.1, 0.1]), (True, [0.1, 0.1, 0.05, 0.05])])
def test_what_was_trained_before_learns_more_slowly(rows, pretrained, rates):
    recipe = replace(RECIPE, model_args={"backbone": "plain", "pretrained": pretrained})
    groups = training.Run(recipe, None, 0, 0, False).optimizer.param_groups
    assert [group["lr"] for group in groups] == rates
    assert sum(len(group["params"]) for group in groups) == 4


def test_minutes_set_the_epochs_and_a_continued_run_keeps_them(rows, monkeypatch, tmp_path):
    seconds = iter(np.arange(0, 1000, 0.5))  # each step takes half a second, each epoch 2
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(seconds))
    begin = ["train", "finder", "--data", "spots", "--out", "run", "--minutes"]
    recipe = replace(RECIPE, minutes=0.2)
    assert training.epochs_within(0.2, training.Run(recipe, None, 0, 0, False)) == 6
    assert training.epochs_within(0.001, training.Run(recipe, None, 0, 0, False)) == 1
    assert training.epochs_within(10**9, training.Run(recipe, None, 0, 0, False)) == MOST_EPOCHS
    monkeypatch.setattr(training, "epochs_within", lambda minutes, run: 2)
    assert main([*begin, "0.2"]) == 0
    first = load_checkpoint(tmp_path / "run")
    assert first.info["epochs"] == 2
    monkeypatch.setattr(training, "epochs_within", lambda minutes, run: 5)  # another machine
    assert main([*begin, "0.2", "--resume"]) == 0
    assert len(open_run("run").history) == 2


def test_timing_leaves_no_trace_in_the_weights(rows, monkeypatch, tmp_path):
    budget = replace(RECIPE, minutes=1.0)
    monkeypatch.setattr(training, "MOST_EPOCHS", 2)
    timed = training.train(budget, tmp_path / "timed", progress=False)
    plain = training.train(replace(RECIPE, epochs=2), tmp_path / "plain", progress=False)
    for name, value in plain.state_dict().items():
        assert np.array_equal(value.numpy(), timed.state_dict()[name].numpy()), name


def test_minutes_and_epochs_exclude_each_other(rows, capsys):
    assert main(["train", "finder", "--data", "spots", "--minutes", "1", "--epochs", "2"]) == 2
    assert "train: --minutes is given beside --epochs, expected one of the two." in capsys.readouterr().err
    assert main(["train", "finder", "--data", "spots", "--minutes", "0"]) == 2
    assert "train: minutes is 0" in capsys.readouterr().err


def test_a_task_without_a_part_of_the_contract_says_which(rows):
    class Half(Task):
        """Nothing yet."""

        sources = Finding.sources

    half = Half(RECIPE)
    for call, words in ((lambda: half.loss(None, None), "loss"), (lambda: half.evaluate(None), "evaluate"),
                        (lambda: half.draw(None, None), "look"), (lambda: half.paint(None, None, 1), "paint")):  # fmt: skip
        with pytest.raises(NotImplementedError, match=f"Half: {words} is missing"):
            call()
    assert half.status() == {}
    assert half.records(None) is None
    assert half.start_epoch() is None


def test_a_loss_of_parts_that_is_not_finite_names_the_layer(rows, monkeypatch):
    def damaged(self, images):
        return Tensor(np.full((len(images), 4), np.inf, np.float32), requires_grad=True) * 0

    monkeypatch.setattr(Finder, "forward", damaged)
    with pytest.raises(FloatingPointError, match="fit: the loss is nan in epoch 1, step 1: every layer"):
        training.train(RECIPE, "run", progress=False)


def test_the_task_of_a_recipe(rows):
    assert isinstance(task_for(RECIPE), Finding)
    assert task_for(RECIPE).recipe.options == {"near": 1.0}


def test_minutes_are_those_of_what_learns_at_the_end():
    recipe = recipe_for("localization", "shapes", options={"frozen_epochs": 3, "frozen_until": 2})
    run, stages = training.Run(replace(recipe, train_samples=32, batch_size=16), None, 0, 0, False), []
    stage = run.task.stage
    run.task.stage = lambda model, epoch: (stages.append(epoch), stage(model, epoch))
    training.epochs_within(0.1, run)
    assert len(stages) == 1
    assert stages[0] > 3
    assert any(parameter.requires_grad for parameter in run.model.backbone.parameters())
