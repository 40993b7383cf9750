"""train, eval and predict on generated shapes: they need no download, and no scikit-learn."""

import re

import numpy as np
import pytest
from PIL import Image

from minidet.cli import main
from minidet.data import ShapeScenes

pytestmark = pytest.mark.slow


def test_train_eval_predict(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.chdir(tmp_path)
    assert main(["train", "segnet", "--data", "shapes"]) == 0
    assert main(["eval", "runs/segnet-shapes", "--split", "val"]) == 0
    printed = capsys.readouterr().out
    assert "segnet on shapes, val split, 32 images" in printed
    for name in ("background", "circle", "square", "triangle", "star", "cross", "ring"):
        assert re.search(rf"^{name} ", printed, re.MULTILINE)
    image, _ = ShapeScenes(length=1).load(0)
    Image.fromarray((image.transpose(1, 2, 0) * 255).astype(np.uint8)).save("scene.png")
    assert main(["predict", "runs/segnet-shapes", "scene.png"]) == 0
    with Image.open(tmp_path / "runs/segnet-shapes/predictions/scene.png") as overlay:
        assert overlay.size == (96, 96)
