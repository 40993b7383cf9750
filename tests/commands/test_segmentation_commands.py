"""demo, train, eval and predict, as a newcomer calls them; quick mode."""

import re

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn", reason="needs scikit-learn's digits: pip install minidet[demo]")

from minidet.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.chdir(tmp_path)


def test_demo_prints_its_score_last_and_leaves_a_run_and_a_picture(capsys, tmp_path):
    assert main(["demo"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert re.fullmatch(r"held-out mIoU \d\.\d\d \(majority class 0\.0\d\)", lines[-1])
    assert {path.name.split("-")[0] for path in (tmp_path / "runs/demo").iterdir()} == {
        "run.json", "model", "optimizer", "predictions.png"
    }  # fmt: skip
    with Image.open(tmp_path / "runs/demo/predictions.png") as picture:
        assert picture.width > 500


def test_train_eval_predict(capsys, tmp_path):
    assert main(["train", "segnet", "--data", "digits", "--out", "run"]) == 0
    assert main(["train", "segnet", "--data", "digits", "--out", "run", "--resume"]) == 0
    assert main(["eval", "run"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"mIoU \d\.\d\d\d \(majority class 0\.0\d\d\)", printed)
    assert "global accuracy" in printed
    assert "class accuracy" in printed
    assert re.search(r"frequency-weighted IoU \d\.\d\d\d", printed)
    assert re.search(r"boundary F1 \d\.\d\d\d", printed)
    pixels = np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg")
    assert main(["predict", "run", "photo.jpg", "--out", "overlays"]) == 0
    with Image.open(tmp_path / "overlays/photo.png") as overlay:
        assert overlay.size == (70, 50)
    assert "overlays/photo.png" in capsys.readouterr().out


def test_predict_alpha_zero_is_the_picture(tmp_path):
    main(["train", "segnet", "--data", "digits", "--out", "run"])
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    main(["predict", "run", "photo.png", "--alpha", "0"])
    with Image.open(tmp_path / "run/predictions/photo.png") as overlay:
        assert np.array_equal(np.asarray(overlay), pixels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval", "nowhere"], "run.json"),
        (["predict", "nowhere", "photo.png"], "run.json"),
        (["train", "segnet", "--data", "digits", "--epochs", "0"], "epochs"),
        (["train", "segnet", "--data", "camvid", "--root", "nowhere"], "camvid"),
        (["train", "segnet", "--data", "digits", "--out", "nowhere", "--resume"], "run.json"),
    ],
)
def test_mistakes_are_one_line(capsys, arguments, message):
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("minidet: error:")
    assert message in error


def test_predict_names_a_file_that_is_no_picture(capsys, tmp_path):
    main(["train", "segnet", "--data", "digits", "--out", "run"])
    (tmp_path / "notes.txt").write_text("no picture")
    assert main(["predict", "run", "notes.txt"]) == 2
    assert "notes.txt" in capsys.readouterr().err
