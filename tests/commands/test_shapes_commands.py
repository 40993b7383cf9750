"""train, eval and predict on generated shapes: they need no download, and no scikit-learn."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from minidet.cli import main
from minidet.data import ShapeScenes
from minidet.models.backbones import build, mobilenet_v1
from minidet.training.runs import open_run

pytestmark = pytest.mark.slow


def test_train_eval_predict(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.chdir(tmp_path)
    assert main(["train", "segnet", "--data", "shapes"]) == 0
    assert main(["eval", "runs/segnet-shapes", "--split", "val", "--json", "figures.json"]) == 0
    printed = capsys.readouterr().out
    record = json.loads((tmp_path / "figures.json").read_text())
    assert (record["model"], record["data"], record["split"], record["images"]) == ("segnet", "shapes", "val", 32)
    assert f"mIoU {record['figures']['mIoU']:.3f}" in printed
    assert record["epochs"] == 1
    assert record["seconds"] > 0
    assert len(record["per_class"]["IoU"]) == len(record["classes"]) == 7
    assert "segnet on shapes, val split, 32 images" in printed
    for name in ("background", "circle", "square", "triangle", "star", "cross", "ring"):
        assert re.search(rf"^{name} ", printed, re.MULTILINE)
    image, _ = ShapeScenes(length=1).load(0)
    Image.fromarray((image.transpose(1, 2, 0) * 255).astype(np.uint8)).save("scene.png")
    assert main(["predict", "runs/segnet-shapes", "scene.png"]) == 0
    with Image.open(tmp_path / "runs/segnet-shapes/predictions/scene.png") as overlay:
        assert overlay.size == (96, 96)


@pytest.mark.parametrize("model", ["unet", "fcn8s"])
def test_a_backbone_of_ones_choice(model, capsys, monkeypatch, tmp_path):
    """Trained, continued, evaluated: the run knows its backbone."""
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.chdir(tmp_path)
    asked = ["train", model, "--data", "shapes", "--backbone", "mobilenet_v1_025", "--batch-size", "16", "--out", "run"]
    assert main(asked) == 0
    assert main([*asked, "--resume"]) == 0
    assert main(["eval", "run"]) == 0
    assert f"{model} on shapes, test split, 32 images" in capsys.readouterr().out
    found = open_run("run")
    assert found.recipe.model_args["backbone"] == "mobilenet_v1_025"
    assert any(key.startswith("backbone.pw13.") for key in found.model.state_dict())
    assert main([*asked[:-2], "--resume", "--out", "run", "--pretrained"]) == 2  # another run


def test_a_run_that_began_with_published_weights_is_opened_without_them(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.chdir(tmp_path)
    published = {key: value.numpy().copy() for key, value in mobilenet_v1(width=0.25).state_dict().items()}
    monkeypatch.setattr(build, "load_pretrained", lambda name: published)
    asked = ["train", "unet", "--data", "shapes", "--backbone", "mobilenet_v1_025", "--pretrained", "--lr", "1e-9"]
    assert main(asked) == 0
    monkeypatch.setattr(build, "load_pretrained", lambda name: pytest.fail("the weights are in the run folder"))
    run = open_run("runs/unet-shapes")
    assert run.recipe.pretrained_lr == 0.4
    key = "backbone.pw13.weight"
    np.testing.assert_allclose(run.model.state_dict()[key].numpy(), published["pw13.weight"], atol=1e-6)
