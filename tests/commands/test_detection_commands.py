"""Every detector through every command, as a newcomer would: quick training, figures, a picture, a page, going on."""

import json
import pathlib
import re

import pytest
from PIL import Image

from minidet.cli import main
from minidet.data import ShapeScenes
from minidet.models.detection.rcnn import stages
from minidet.training.runs import open_run


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIDET_QUICK", "1")
    monkeypatch.chdir(tmp_path)
    image = (ShapeScenes("test", (96, 96), 1, 5)[0][0].transpose(1, 2, 0) * 255).astype("uint8")
    Image.fromarray(image).save("photo.png")


def look(capsys) -> list[str]:
    """Evaluate, predict and explain with the folder ``run``; return the titles of the page's stages."""
    capsys.readouterr()
    assert main(["eval", "run"]) == 0
    assert re.search(r"^AP \d\.\d+ \(selective search \d\.\d+\)$", capsys.readouterr().out, re.MULTILINE)
    assert main(["predict", "run", "photo.png", "--option", "score=0"]) == 0
    assert pathlib.Path("run/predictions/photo.png").is_file()
    seen = json.loads(pathlib.Path("run/predictions/detections.json").read_text())
    assert [image["file_name"] for image in seen["images"]] == ["photo.png"]
    assert main(["explain", "run", "photo.png"]) == 0
    return re.findall(r"<h2>\d+\. (.*?)</h2>", pathlib.Path("run/explain.html").read_text())


@pytest.mark.slow
def test_fast_rcnn(capsys):
    assert main(["train", "fast_rcnn", "--data", "shapes", "--out", "run"]) == 0
    assert {"loss_classifier", "loss_box_reg"} < set(open_run("run").history[0])
    titles = look(capsys)
    assert titles[1:4] == ["backbone: Backbone", "proposals", "regions and their bins"]


@pytest.mark.slow
@pytest.mark.parametrize(("data", "figure", "more"), [("shapes", "mask AP50", "segmentation"),
                                                      ("figures", "keypoint AP50", "keypoints")])  # fmt: skip
def test_mask_rcnn(capsys, data, figure, more):
    assert main(["train", "mask_rcnn", "--data", data, "--out", "run"]) == 0
    loss = {"shapes": "loss_mask", "figures": "loss_keypoint"}[data]
    assert {"loss_classifier", loss} < set(open_run("run").history[0])
    capsys.readouterr()
    assert main(["eval", "run"]) == 0
    line = rf"^{figure} (\d\.\d+|nan) \(selective search (\d\.\d+|nan)\)$"
    assert re.search(line, capsys.readouterr().out, re.MULTILINE)
    titles = look(capsys)
    assert titles[-2] == {"shapes": "mask targets", "figures": "joints"}[data]
    seen = json.loads(pathlib.Path("run/predictions/detections.json").read_text())
    assert all(more in entry for entry in seen["annotations"])


@pytest.mark.slow
def test_rcnn_is_interrupted_and_goes_on(capsys, monkeypatch):
    begin = ["train", "rcnn", "--data", "shapes", "--out", "run"]

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stages, "mine", interrupted)
        assert main(begin) == 130
    assert "3/5 features" in capsys.readouterr().err
    assert main([*begin, "--resume"]) == 0
    shown = capsys.readouterr().err
    assert "2/5 fine-tuning" not in shown
    assert "4/5 svm" in shown
    assert re.search(r"features of all regions: \d\.\d\d GB in run/stages", shown)
    model = open_run("run").model
    assert model.svms.trained.numpy().any()
    titles = look(capsys)
    assert titles == ["the picture", "proposals", "warped regions", "features of regions", "margins",
                      "regions moved", "final boxes", "the answer"]  # fmt: skip


@pytest.mark.slow
def test_sliding_window_detector(capsys):
    assert main(["train", "sliding_window_detector", "--data", "shapes", "--out", "run"]) == 0
    titles = look(capsys)
    assert titles == ["the picture", "windows", "scores of the windows", "final boxes", "the answer"]
