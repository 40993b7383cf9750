"""``minidet compare``: three detectors side by side; runs that are there, interrupted, or another's; wrong arguments."""

import json
import pathlib
from dataclasses import replace

import pytest

from minidet.cli import main
from minidet.commands.compare import MARK
from minidet.training import fit
from minidet.training.comparison import entrants
from minidet.training.recipes import RECIPES
from minidet.training.runs import open_run

MODELS = ("faster_rcnn", "ssd", "yolo")
COMPARE = ["compare", "--data", "shapes", "--out", "out"]
TWO = [*COMPARE, "--models", "ssd", "yolo"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    """Few and small scenes in every recipe."""
    for name in (*MODELS, "rcnn"):
        recipe = RECIPES[name, "shapes"]
        samples = {"epochs": 2, "batch_size": 4, "train_samples": 4, "test_samples": 4, "quick_samples": 4}
        monkeypatch.setitem(RECIPES, (name, "shapes"), replace(recipe, **samples))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def trained(monkeypatch):
    """Note what is trained, and whether it goes on; it is trained nevertheless."""
    calls, train = [], entrants.train

    def noted(recipe, folder, *, resume, **options):
        calls.append((recipe.model, resume, recipe.minutes, recipe.epochs))
        return train(recipe, folder, resume=resume, **options)

    monkeypatch.setattr(entrants, "train", noted)
    return calls


def read():
    return json.loads(pathlib.Path("out/compare.json").read_text())


@pytest.mark.slow
def test_three_detectors(capsys, trained):
    assert main([*COMPARE, "--quick"]) == 0
    out = capsys.readouterr().out
    record = read()
    assert [one["model"] for one in record["models"]] == list(MODELS)
    assert [name for name, *_ in trained] == list(MODELS)
    assert record["images"] == 4
    assert record["quick"]
    assert {one["backbone"] for one in record["models"]} == {"resnet20"}
    assert [(pair["first"], pair["second"]) for pair in record["pairs"]] == [
        ("faster_rcnn", name) for name in MODELS[1:]
    ]
    for one in record["models"]:
        assert one["minutes"] > 0
        assert one["parameters"] > 1e5
        assert one["multiply_adds"] > 1e7
        speed = one["images_per_second"]
        assert 0 < speed["low"] <= speed["value"] <= speed["high"]
        assert 0 <= one["ap50"]["low"] <= one["ap50"]["high"] <= 1
        assert 0 < one["errors"]["missed"] + one["errors"]["correct"] <= record["objects"]
        assert sum(one["precision"]) / 101 == pytest.approx(one["ap50"]["value"], abs=1e-9)
        assert f"{one['title']} " in out
    for pair in record["pairs"]:
        assert pair["accuracy_words"] in out
        assert pair["speed_words"] in out
    assert record["claim"] in out
    assert "page: out/compare.html" in out
    assert MARK in pathlib.Path("out/compare.html").read_bytes()

    assert main([*COMPARE, "--quick"]) == 0  # again: nothing is trained
    assert "ssd: trained before, in out/ssd-quick" in capsys.readouterr().out
    assert len(trained) == 3
    again = read()
    assert [one["ap50"] for one in again["models"]] == [one["ap50"] for one in record["models"]]

    # two of the runs, by their folders, and a seed that is not theirs
    runs = ["--run", "out/ssd-quick", "--run", "out/yolo-quick"]
    assert main(["compare", "--data", "shapes", "--out", "other", *runs, "--quick", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert "budget: what each run had" in out
    assert "The claim" not in out
    assert len(trained) == 3
    assert main([*COMPARE, "--models", "ssd", "--quick", "--run", "out/ssd-quick", "--run", "out/ssd-quick"]) == 2
    assert "--run is out/ssd-quick beside out/ssd-quick, expected one run of each model" in capsys.readouterr().err


@pytest.mark.slow
def test_an_interrupted_comparison_goes_on(capsys, monkeypatch, trained):
    """The second detector is interrupted after its first epoch: the first one is loaded, the second goes on."""
    monkeypatch.setattr(entrants, "seconds_per_epoch", lambda run: 0.6)
    go = fit.train_epoch

    def interrupted(model, task, loader, optimizer, scheduler, epoch, max_norm, bar):
        if task.recipe.model == "yolo" and epoch == 1:
            raise KeyboardInterrupt
        return go(model, task, loader, optimizer, scheduler, epoch, max_norm, bar)

    with monkeypatch.context() as patch:
        patch.setattr(fit, "train_epoch", interrupted)
        patch.setattr("minidet.training.train.epochs_within", lambda minutes, run: 2)
        assert main(TWO) == 130
    assert "0.02 minutes each, as the recipe of ssd takes here" in capsys.readouterr().out
    assert [item.name for item in sorted(pathlib.Path("out").iterdir())] == ["ssd", "yolo"]
    before = open_run("out/yolo").history
    monkeypatch.setattr(entrants, "seconds_per_epoch", None)  # the budget is what it was
    assert main(TWO) == 0
    out = capsys.readouterr().out
    assert "ssd: trained before, in out/ssd" in out
    assert "yolo: goes on in out/yolo, 0.02 minutes each" in out
    assert trained == [("ssd", False, 0.02, 2), ("yolo", False, 0.02, 2), ("yolo", True, 0.02, 2)]
    assert open_run("out/yolo").history[:1] == before
    assert len(open_run("out/yolo").history) == 2

    assert main([*TWO, "--minutes", "3"]) == 2
    assert "compare: the run in out/ssd has minutes 0.02, expected 3.0: another --out" in capsys.readouterr().err
    assert main([*TWO, "--seed", "3"]) == 2
    assert "has seed 0, expected 3" in capsys.readouterr().err
    assert main(["compare", "--data", "digits", "--run", "out/ssd"]) == 2
    assert "--run is out/ssd, trained on shapes, expected one trained on digits" in capsys.readouterr().err
    assert len(trained) == 3


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--models", "ssd"], "compare: models is ssd alone, expected at least two"),
        (["--models", "ssd", "ssd"], "compare: models is ssd alone, expected at least two"),
        (["--minutes", "1", "--epochs", "1"], "compare: --minutes is given beside --epochs, expected one of the two"),
        (["--minutes", "0"], "train: minutes is 0.0, expected a number above 0"),
        (["--epochs", "0"], "train: epochs is 0, expected an integer >= 1"),
        (["--models", "ssd", "rcnn"], "compare: --minutes is not given, expected --epochs: rcnn is trained stage by stage"),
        (["--models", "ssd", "rcnn", "--minutes", "1"], "compare: --minutes is 1, expected --epochs: rcnn"),
        (["--models", "ssd", "sliding_window_detector", "--epochs", "1", "--backbone", "resnet20"], "expected nothing"),
        (["--option", "scroll=1", "--epochs", "1"], "train: option is 'scroll', expected one of"),
        (["--run", "nowhere"], "nowhere is not there, so there is no run.json"),
        (["--out", "file"], "compare: --out is file, a file, expected a folder"),
        (["--out", "page"], "compare: --out is page, where compare.html is another's, expected another folder"),
        (["--out", "record"], "compare: --out is record, where compare.json is another's"),
        (["--out", "link"], "compare: --out is link, where compare.json is another's"),
    ],
)  # fmt: skip
def test_mistakes_are_told_before_any_work(capsys, trained, more, words):
    pathlib.Path("file").write_text("mine")
    for folder, name in (("page", "compare.html"), ("record", "compare.json"), ("link", "compare.json")):
        pathlib.Path(folder).mkdir()
        pathlib.Path(folder, name).write_text('{"made_by": "me"}')
    pathlib.Path("ours.json").write_text('{"made_by": "minidet compare"}')
    pathlib.Path("link/compare.json").unlink()
    pathlib.Path("link/compare.json").symlink_to("../ours.json")
    assert main([*COMPARE, *more]) == 2
    assert words in capsys.readouterr().err
    assert not trained
    assert pathlib.Path("page/compare.html").read_text() == '{"made_by": "me"}'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: --data"),
        (["--data", "mars"], "'mars' (choose from"),
        (["--data", "shapes", "--models", "unet", "ssd"], "'unet' (choose from"),
    ],
)
def test_names_that_are_not_known(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        main(["compare", *arguments])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err
