import re

import pytest

from benchmarks import camvid
from minidet.training.recipe import Recipe
from minidet.training.recipes import RECIPES, recipe_for, with_backbone
from minidet.training.runs import open_run
from minidet.training.train import train


@pytest.mark.data
@pytest.mark.slow
def test_a_run_becomes_a_row(tmp_path):
    arguments = {"widths": (4, 6), "convs": (1, 1)}
    recipe = Recipe("segnet", "camvid", epochs=1, batch_size=4, lr=1e-3, quick_samples=4, model_args=arguments)
    train(recipe, tmp_path / "segnet-camvid", quick=True, progress=False)
    score, cells = camvid.row(tmp_path / "segnet-camvid")
    row = dict(zip(camvid.HEADER, cells, strict=True))
    assert 0 <= score <= 1
    assert row["mIoU"] == f"{score:.3f}"
    assert row["model"] == "segnet"
    assert row["epochs"] == "1"
    assert row["majority class's mIoU"] == "0.024"
    assert float(row["s per epoch"]) > 0
    assert re.fullmatch(r"\d+ MB", row["peak memory"])


def test_a_row_names_the_backbone():
    assert camvid.name_of(RECIPES["unet", "camvid"]) == "unet"
    recipe = recipe_for("unet", "camvid", on_backbone=True)
    assert camvid.name_of(recipe) == "unet, mobilenet_v2"
    assert camvid.name_of(with_backbone(recipe, "resnet18", True)) == "unet, resnet18, pretrained"


def test_a_step_is_timed_without_the_published_weights(tmp_path, monkeypatch):
    """They may not be there: the run folder has the trained ones, and the time does not depend on them."""
    arguments = {"backbone": "mobilenet_v1_025", "width": 4}
    recipe = Recipe("unet", "shapes", epochs=1, batch_size=2, lr=1e-3, quick_samples=2, model_args=arguments)
    train(recipe, tmp_path / "run", quick=True, progress=False)
    opened = open_run(tmp_path / "run")
    opened.recipe.model_args["pretrained"] = True
    monkeypatch.setenv("MINIDET_DATA", str(tmp_path))  # no weights there
    assert callable(camvid.step_of(opened))  # the network was built
