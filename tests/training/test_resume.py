"""An interrupted run that is continued ends with the weights of an uninterrupted one, bit for bit."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn's digits: pip install minidet[demo]")

from minidet.serialization import load_checkpoint, plain_json
from minidet.training import runs
from minidet.training.recipe import Recipe
from minidet.training.runs import open_run
from minidet.training.tasks import completed
from minidet.training.train import train as train_recipe

TINY = Recipe("deconvnet", "digits", epochs=3, batch_size=4, lr=3e-3, train_samples=10, test_samples=4, warmup_steps=2,
              options={"class_weight_power": 0.3}, model_args={"widths": [4, 6], "convs": [1, 1], "hidden": 8})  # fmt: skip


class Interrupted(Exception):
    pass


def train(folder, **options):
    return train_recipe(TINY, folder, progress=False, **options)


def fail_after(monkeypatch, epoch):
    """Make a training end with an error when it has written this epoch's checkpoint."""
    save = runs.RunFolder.save

    def save_then_fail(self, about, state, *rest):
        save(self, about, state, *rest)
        if state["epoch"] == epoch:
            raise Interrupted

    monkeypatch.setattr(runs.RunFolder, "save", save_then_fail)


@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize("workers", [0, 2])
def test_resumed_run_is_the_uninterrupted_one(tmp_path, monkeypatch, after, workers):
    whole = train(tmp_path / "whole")
    with monkeypatch.context() as patched:
        fail_after(patched, after)
        with pytest.raises(Interrupted):
            train(tmp_path / "cut", workers=workers)
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
    assert opened.recipe == completed(TINY)
    assert opened.task.classes[0] == "background"
    assert opened.task.colours.shape == (11, 3)
    assert not opened.model.training
    for key, value in model.state_dict().items():
        assert np.array_equal(value.numpy(), opened.model.state_dict()[key].numpy())


def change_recipe(folder, change):
    """Write a run's description with another recipe."""
    path = folder / "run.json"
    run = plain_json.loads(path.read_text())
    change(run["info"]["recipe"])
    path.write_text(plain_json.dumps(run))


def write_in_the_first_form(folder):
    """Write a run's description as it was when segmentation was all there was, and before some fields existed."""
    path = folder / "run.json"
    run = plain_json.loads(path.read_text())
    info = run["info"]
    info.update(info.pop("facts"))
    recipe = info["recipe"]
    recipe.update(recipe.pop("options"))
    for name in ("minutes", "pretrained_lr", "class_weights", "quick_epochs"):
        del recipe[name]
    path.write_text(plain_json.dumps(run))


def test_a_run_of_the_first_form_opens_and_goes_on(tmp_path):
    model = train(tmp_path)
    write_in_the_first_form(tmp_path)
    info = load_checkpoint(tmp_path).info
    assert sorted(info) == ["classes", "epochs", "fit", "palette", "recipe", "scheduler", "seed"]
    assert info["recipe"]["class_weight_power"] == 0.3
    opened = open_run(tmp_path)
    assert opened.recipe == completed(TINY)
    assert opened.task.evaluate(opened.model).images == 4
    image = np.zeros((3, 40, 40), np.float32)
    assert opened.task.draw(opened.model, image)[0].shape == (40, 40, 3)
    for key, value in train(tmp_path, resume=True).state_dict().items():
        assert np.array_equal(value.numpy(), model.state_dict()[key].numpy()), key


def test_an_interrupted_run_of_the_first_form_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, monkeypatch):
    whole = train(tmp_path / "whole")
    with monkeypatch.context() as patched:
        fail_after(patched, 1)
        with pytest.raises(Interrupted):
            train(tmp_path / "cut")
    write_in_the_first_form(tmp_path / "cut")
    resumed = train(tmp_path / "cut", resume=True)
    for key, value in whole.state_dict().items():
        assert np.array_equal(value.numpy(), resumed.state_dict()[key].numpy()), key


def test_a_default_that_the_run_did_not_have_is_another_recipe(tmp_path):
    train(tmp_path)
    change_recipe(tmp_path, lambda recipe: recipe["options"].pop("class_weight_power"))
    with pytest.raises(ValueError, match="resume: recipe"):
        train(tmp_path, resume=True)


def test_a_run_without_a_required_field_is_of_another_kind(tmp_path):
    train(tmp_path)
    change_recipe(tmp_path, lambda recipe: recipe.pop("model"))
    with pytest.raises(ValueError, match="open_run: run.json .* 'model' is missing"):
        open_run(tmp_path)
    with pytest.raises(ValueError, match="resume: recipe"):
        train(tmp_path, resume=True)
