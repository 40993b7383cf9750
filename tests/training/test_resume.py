"""An interrupted run that is continued ends with the weights of an uninterrupted one, bit for bit."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn's digits: pip install minidet[demo]")

from minidet.models import MODELS
from minidet.serialization import load_checkpoint, plain_json
from minidet.training import runs
from minidet.training.recipes import RECIPES, Recipe, recipe_for
from minidet.training.runs import open_run
from minidet.training.segmentation import DATA
from minidet.training.segmentation_run import train_segmentation

TINY = Recipe("deconvnet", "digits", epochs=3, batch_size=4, lr=3e-3, train_samples=10, test_samples=4, warmup_steps=2,
              class_weight_power=0.3, model_args={"widths": [4, 6], "convs": [1, 1], "hidden": 8})  # fmt: skip


class Interrupted(Exception):
    pass


def train(folder, **options):
    return train_segmentation(TINY, folder, progress=False, **options)


@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize("workers", [0, 2])
def test_resumed_run_is_the_uninterrupted_one(tmp_path, monkeypatch, after, workers):
    whole = train(tmp_path / "whole")
    save = runs.RunFolder.save

    def save_then_fail(self, about, state, *rest):
        save(self, about, state, *rest)
        if state["epoch"] == after:
            raise Interrupted

    monkeypatch.setattr(runs.RunFolder, "save", save_then_fail)
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", workers=workers)
    monkeypatch.setattr(runs.RunFolder, "save", save)
    resumed = train(tmp_path / "cut", resume=True, workers=workers)
    for key, value in whole.state_dict().items():
        assert np.array_equal(value.numpy(), resumed.state_dict()[key].numpy()), key
    first, second = (load_checkpoint(tmp_path / name) for name in ("whole", "cut"))
    assert [r["loss"] for r in first.info["fit"]["history"]] == [r["loss"] for r in second.info["fit"]["history"]]
    for number, entries in first.optimizer["state"].items():
        for key, value in entries.items():
            assert np.array_equal(value, second.optimizer["state"][number][key])


def test_a_finished_run_is_not_trained_further(tmp_path):
    train(tmp_path)
    before = load_checkpoint(tmp_path)
    after = train(tmp_path, resume=True)
    for key, value in after.state_dict().items():
        assert np.array_equal(value.numpy(), before.model[key])


def test_another_seed_is_another_run(tmp_path):
    train(tmp_path)
    with pytest.raises(ValueError, match="resume: seed"):
        train(tmp_path, resume=True, seed=1)


def test_nothing_to_resume(tmp_path):
    with pytest.raises(FileNotFoundError, match="run.json"):
        train(tmp_path, resume=True)


def test_opened_run_predicts_what_the_trained_model_did(tmp_path):
    model = train(tmp_path).eval()
    opened = open_run(tmp_path)
    assert opened.recipe == TINY
    assert opened.classes[0] == "background"
    assert opened.colours.shape == (11, 3)
    assert not opened.model.training
    for key, value in model.state_dict().items():
        assert np.array_equal(value.numpy(), opened.model.state_dict()[key].numpy())


def without_recipe_fields(folder, *names):
    """Write a run's description as it was before these fields of a recipe existed."""
    path = folder / "run.json"
    run = plain_json.loads(path.read_text())
    for name in names:
        del run["info"]["recipe"][name]
    path.write_text(plain_json.dumps(run))


def test_a_run_from_before_a_recipe_field_existed_opens_and_goes_on(tmp_path):
    model = train(tmp_path)
    without_recipe_fields(tmp_path, "class_weights", "quick_epochs")
    assert "class_weights" not in load_checkpoint(tmp_path).info["recipe"]
    assert open_run(tmp_path).recipe == TINY
    for key, value in train(tmp_path, resume=True).state_dict().items():
        assert np.array_equal(value.numpy(), model.state_dict()[key].numpy()), key


def test_a_default_that_the_run_did_not_have_is_another_recipe(tmp_path):
    train(tmp_path)
    without_recipe_fields(tmp_path, "class_weight_power")
    with pytest.raises(ValueError, match="resume: recipe"):
        train(tmp_path, resume=True)


def test_a_run_without_a_required_field_is_of_another_kind(tmp_path):
    train(tmp_path)
    without_recipe_fields(tmp_path, "model")
    with pytest.raises(ValueError, match="open_run: run.json .* 'model' is missing"):
        open_run(tmp_path)
    with pytest.raises(ValueError, match="resume: recipe"):
        train(tmp_path, resume=True)


def test_every_model_has_a_recipe_for_every_data_set_and_can_be_built():
    assert set(RECIPES) == {(model, data) for model in MODELS for data in DATA}
    for recipe in RECIPES.values():
        assert MODELS[recipe.model](5, **recipe.model_args).state_dict()


def test_recipes_name_what_they_are_for():
    for (model, data), recipe in RECIPES.items():
        assert (recipe.model, recipe.data) == (model, data)
        assert Recipe.from_dict(recipe.as_dict()) == recipe
    assert recipe_for("segnet", "camvid", epochs=3, lr=None).epochs == 3
    with pytest.raises(ValueError, match="model and data"):
        recipe_for("segnet", "nowhere")
