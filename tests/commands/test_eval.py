"""What ``minidet eval --json`` writes, and what it does if it cannot."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from minidet.commands.eval import record_of, run
from minidet.training.recipe import Recipe
from minidet.training.tasks.figures import Figures


@pytest.fixture
def opened():
    recipe = Recipe("unet", "shapes", 2, 4, 1e-3, options={"size": [32, 32]})
    history = [{"epoch": 1, "seconds": 1.5}, {"epoch": 2, "seconds": 2.0}]
    figures = Figures({"mIoU": 0.5, "AP": float("nan")}, 7, classes=["cat", "dog"], baseline={"mIoU": 0.1},
                      per_class={"IoU": np.array([0.25, np.nan])}, baseline_name="majority")  # fmt: skip
    task = SimpleNamespace(seed=3, evaluate=lambda model, split: figures)
    return SimpleNamespace(recipe=recipe, history=history, task=task, model=None)


def test_a_record_says_what_was_trained_and_how_well_it_does(opened):
    record = json.loads(record_of(opened, "test", opened.task.evaluate(None, "test")))
    assert record["figures"] == {"mIoU": 0.5, "AP": None}
    assert record["baseline"] == {"mIoU": 0.1}
    assert record["per_class"] == {"IoU": [0.25, None]}
    assert (record["seed"], record["epochs"], record["seconds"], record["images"]) == (3, 2, 3.5, 7)
    assert record["options"] == {"size": [32, 32]}


def test_a_file_that_cannot_be_written_is_named(opened, monkeypatch, tmp_path):
    monkeypatch.setattr("minidet.commands.eval.open_run", lambda *args, **options: opened)
    args = SimpleNamespace(run="run", split="test", option=[], root=None, annotations=None, json=tmp_path / "no" / "a")
    with pytest.raises(OSError, match="no/a cannot be written"):
        run(args)
