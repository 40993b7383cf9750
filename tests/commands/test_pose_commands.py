"""train, eval and predict of the pose networks, on generated people: they need no download."""

import re

import numpy as np
import pytest
from PIL import Image

from minidet.cli import main
from minidet.data import FigurePoses
from minidet.training.runs import open_run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("model", ["pose", "pose_regression", "pose_cascade"])
def test_train_eval_predict(model, capsys, monkeypatch, tmp_path):
    """Trained, continued, evaluated with and without the mirror image, and drawn."""
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.chdir(tmp_path)
    train = ["train", model, "--data", "figures", "--option", "size=64", "--out", "run"]
    assert main(train) == 0
    assert main([*train, "--resume"]) == 0
    capsys.readouterr()
    assert main(["eval", "run", "--split", "val"]) == 0
    printed = capsys.readouterr().out
    assert f"{model} on figures, val split, 32 images\njoint " in printed
    for name in FigurePoses.keypoint_names:
        assert re.search(rf"^{name} ", printed, re.MULTILINE)
    assert re.search(r"^PCK@0.2 torso 0\.\d{3} \(mean pose 0\.\d{3}\)$", printed, re.MULTILINE)
    assert main(["eval", "run", "--split", "val", "--option", "flip_test=true"]) == 0
    assert capsys.readouterr().out != printed
    image, _ = FigurePoses(size=96, length=1).load(0)
    Image.fromarray((image[:, :, :80].transpose(1, 2, 0) * 255).astype(np.uint8)).save("person.png")
    assert main(["predict", "run", "person.png"]) == 0
    assert "person.png: 14 joints" in capsys.readouterr().out
    with Image.open("run/predictions/person.png") as overlay, Image.open("person.png") as picture:
        assert overlay.size == (80, 96)
        assert overlay.tobytes() != picture.tobytes()
    assert open_run("run").task.facts["joints"] == list(FigurePoses.keypoint_names)
