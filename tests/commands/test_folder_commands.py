"""train, eval and predict on a folder of pictures of several sizes, without a line of code."""

import re

import numpy as np
import pytest
from PIL import Image

from minidet.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Ten pictures, light on the left, where the class is 1."""
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.chdir(tmp_path)
    for folder in ("images", "labels"):
        (tmp_path / "mine" / folder).mkdir(parents=True)
    for number in range(10):
        labels = np.zeros((40 + number, 60 - number), np.uint8)
        labels[:, : 20 + number] = 1
        grey = np.stack([labels * 200] * 3, -1)
        Image.fromarray(grey).save(f"mine/images/p{number}.jpg", quality=95)
        Image.fromarray(labels).save(f"mine/labels/p{number}.png")
    (tmp_path / "mine" / "classes.txt").write_text("dark\nlight\n")


def test_train_eval_predict(pictures, capsys):
    assert main(["train", "segnet", "--data", "folder"]) == 2
    assert "error: folder: --root is missing, expected a path" in capsys.readouterr().err
    assert main(["train", "segnet", "--data", "folder", "--root", "mine", "--option", "side=32"]) == 0
    assert main(["eval", "runs/segnet-folder", "--root", "mine"]) == 0
    printed = capsys.readouterr().out
    assert "segnet on folder, test split, 2 images" in printed
    assert re.search(r"^light +[\d.-]+ +[\d.-]+ +0\.\d+", printed, re.MULTILINE)
    assert main(["predict", "runs/segnet-folder", "mine/images/p7.jpg"]) == 0
    with Image.open("runs/segnet-folder/predictions/p7.png") as overlay:
        assert overlay.size == (53, 47)
    with open("mine/classes.txt", "a") as file:
        file.write("grey\n")
    assert main(["eval", "runs/segnet-folder", "--root", "mine"]) == 2
    assert "eval: data has the classes dark, light, grey, expected dark, light: those were" in capsys.readouterr().err
