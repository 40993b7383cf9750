"""Who takes part, with which budget, on which pictures. Trained runs are tested in tests/commands/test_compare.py."""

import types
from dataclasses import replace

import pytest

from minidet.training.comparison import Plan, enter
from minidet.training.comparison import entrants as room
from minidet.training.comparison.entrants import Entrant, budget
from minidet.training.recipes import recipe_for


@pytest.fixture
def plan(tmp_path):
    return Plan("shapes", ["faster_rcnn", "ssd"], tmp_path)


def opened(recipe, *seconds, classes=("background", "disc")):
    task = types.SimpleNamespace(facts={"classes": list(classes)})
    history = [{"epoch": i + 1, "seconds": value} for i, value in enumerate(seconds)]
    return types.SimpleNamespace(recipe=recipe, history=history, task=task)


def test_the_budget_is_what_was_asked_for(plan):
    assert budget(replace(plan, epochs=3), ["ssd"], {}) == (3, None, "3 epochs each")
    assert budget(replace(plan, minutes=1.5), ["ssd"], {}) == (None, 1.5, "1.5 minutes each")
    assert budget(replace(plan, minutes=1.5, quick=True), ["ssd"], {}) == (None, None, "a few steps each")
    assert budget(plan, [], {}) == (None, None, "what each run had")


def test_else_it_is_what_a_run_in_the_folder_was_begun_with(plan, monkeypatch):
    begun = {"ssd": types.SimpleNamespace(recipe=recipe_for("ssd", "shapes", minutes=4.0))}
    monkeypatch.setattr(room, "recorded", lambda folder: begun.get(folder.name))
    assert budget(plan, ["faster_rcnn", "ssd"], {}) == (None, 4.0, "4 minutes each")
    begun["ssd"] = types.SimpleNamespace(recipe=recipe_for("ssd", "shapes", epochs=7))
    assert budget(plan, ["faster_rcnn", "ssd"], {}) == (7, None, "7 epochs each")


def test_else_what_a_run_that_was_named_took(plan):
    given = {"yolo": (None, opened(None, 60.0, 125.0))}
    assert budget(plan, ["ssd"], given) == (None, 3.1, "3.1 minutes each, as yolo had")


def test_else_what_the_first_recipe_takes_here(plan, monkeypatch):
    monkeypatch.setattr(room, "seconds_per_epoch", lambda run: 61.0)
    recipe = replace(recipe_for("ssd", "shapes"), train_samples=4, batch_size=2, epochs=2)
    monkeypatch.setattr(room, "recipe_for", lambda *arguments, **changes: recipe)
    assert budget(plan, ["ssd", "yolo"], {}) == (None, 2.0, "2 minutes each, as the recipe of ssd takes here")


def test_all_look_at_the_same_pictures(plan):
    few, many = (recipe_for(name, "shapes") for name in ("rcnn", "ssd"))
    few = replace(few, test_samples=5)
    runs = {name: (plan.run(name), opened(recipe)) for name, recipe in (("ssd", many), ("rcnn", few))}
    one, other = room._on_one_ground(replace(plan, seed=3), runs)
    assert (one.task.samples["test"], other.task.samples["test"]) == (5, 5)
    assert (one.task.seed, other.task.seed) == (3, 3)
    assert one.task.classes == ["background", "disc"]


def test_minutes_and_backbones_of_a_run():
    recipe = recipe_for("ssd", "shapes")
    assert Entrant("ssd", None, opened(recipe, 30.0, 60.0), None).minutes == 1.5
    assert Entrant("ssd", None, opened(recipe), None).backbone == "resnet20"
    windows = recipe_for("sliding_window_detector", "shapes")
    assert Entrant("sliding_window_detector", None, opened(windows), None).backbone is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "camvid"}, "compare: data is 'camvid', expected one of 'bccd'"),
        ({"models": ["unet", "ssd"]}, "compare: model is 'unet', expected some of fast_rcnn, .*: boxes are compared"),
        ({"models": ["ssd", "nothing"]}, "compare: model is 'nothing'"),
        ({"models": []}, "compare: models is nothing alone, expected at least two"),
    ],
)
def test_who_does_not_fit(plan, changes, words):
    with pytest.raises(ValueError, match=words):
        enter(replace(plan, **changes))
