"""``minidet explain``: every kind of model has its page. What a page holds is tested in tests/viz/explain."""

import pathlib
import re
import types

import numpy as np
import pytest
from PIL import Image

from minidet import manual_seed
from minidet.cli import main
from minidet.commands import explain
from minidet.models import Localizer, UNet
from minidet.models.detection import FasterRCNN
from minidet.training.recipes import recipe_for
from minidet.training.tasks import task_for
from tests.models.detection.cases import GridFastRCNN, Trunk, mask

CLASSES = {"classes": ["background", "cat", "dog"]}


@pytest.fixture(autouse=True)
def photo(monkeypatch, tmp_path):
    manual_seed(0)
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(pixels).save("photo.png")


@pytest.fixture
def page(monkeypatch):
    """Explain a model that learned a task; return the titles of the stages, and the page."""

    def explained(name, model, **facts):
        task = task_for(recipe_for(name, "shapes"), facts={**CLASSES, **facts})
        opened = types.SimpleNamespace(model=model.eval(), task=task, recipe=task.recipe)
        monkeypatch.setattr(explain, "open_run", lambda folder, changes: opened)
        assert main(["explain", "run", "photo.png", "--out", "page.html"]) == 0
        text = pathlib.Path("page.html").read_text()
        return re.findall(r"<h2>\d+\. (.*?)</h2>", text), text

    return explained


def test_segmentation(page, capsys):
    stages, text = page("unet", UNet(3, width=4), palette=[[0, 0, 0], [255, 0, 0], [0, 255, 0]])
    assert stages[0] == "the picture"
    assert stages[1:4] == ["encoder.0: ConvPair", "pool: MaxPool2d", "encoder.1: ConvPair"]
    assert stages[-2:] == ["classifier: Conv2d", "the answer"]
    assert "minidet/models/segmentation/unet.py: CatStage" in text
    assert "<code>(1, 3, 48, 64)</code>" in text
    assert "U-Net" in text  # what the model's file says of the paper
    assert capsys.readouterr().out == f"photo.png -> page.html: {len(stages)} stages\n"
    pathlib.Path("page.html").write_text("mine")
    assert main(["explain", "run", "photo.png", "--out", "page.html"]) == 2
    assert pathlib.Path("page.html").read_text() == "mine"


def test_localisation_names_the_classes(page):
    stages, text = page("localization", Localizer(3, "mobilenet_v1_025"))
    assert stages == ["the picture", "backbone: Backbone", "classifier: Linear", "box_head: BoxHead", "the answer"]
    assert "<td>cat</td>" in text


REGIONS = ["regions and their bins", "class scores", "deltas applied", "final boxes", "the answer"]


def test_faster_rcnn_is_the_papers_figure(page):
    model = FasterRCNN(3, Trunk(), anchor_sizes=((10, 16), (24, 36)), width=16, score_thresh=0.2)
    stages, text = page("faster_rcnn", model)
    assert stages == ["the picture", "backbone: Trunk", "anchors", "objectness", "proposals before NMS",
                      "proposals after NMS", *REGIONS]  # fmt: skip
    for source in ("ops/anchors.py: AnchorGenerator", "models/detection/two_stage/rpn.py: RPNHead", "ops/coder.py: BoxCoder",
                   "models/detection/two_stage/rpn.py: RegionProposalNetwork.propose", "models/detection/two_stage/pooler.py: MultiScaleRoIPool",
                   "models/detection/two_stage/roi_heads.py: RoIHeads.detections_of"):  # fmt: skip
        assert f"minidet/{source}" in text, source
    assert "[(288, 4), (72, 4)]" in text  # 6 x 8 and 3 x 4 places, 6 anchors each
    assert "(360, 4)" in text  # all of them go into NMS
    assert "region 3: dx" in text


def test_mask_rcnn_goes_on_behind_the_boxes(page):
    model = mask(score_thresh=0.0, keypoint_size=12, num_keypoints=14)
    stages, text = page("mask_rcnn", model)
    assert stages[-11:] == [*REGIONS[:-1], "roi_heads.mask_roi_pool: MultiScaleRoIPool", "roi_heads.mask_head: MaskRCNNHeads",
                            "masks on their grid", "masks pasted", "mask targets",
                            "roi_heads.keypoint_roi_pool: MultiScaleRoIPool", "roi_heads.keypoint_head: KeypointRCNNHeads",
                            "maps of joints", "joints", "the answer"][-11:]  # fmt: skip
    for source in ("two_stage/mask_head.py: MaskRCNNPredictor", "two_stage/keypoint_head.py: heatmaps_to_keypoints"):
        assert source in text
    assert "minidet/ops/masks.py: crop_masks" in text


@pytest.mark.parametrize("least", [0.0, 1.0])  # of a detection's score; nothing has 1
def test_joints_that_are_read_by_their_expected_similarity(page, least):
    model = mask(score_thresh=least, keypoint_size=12, num_keypoints=14, kpt_oks_sigmas=(0.08,) * 14)
    stages, text = page("mask_rcnn", model)
    assert stages[-3:] == ["maps of joints", "joints", "the answer"]
    assert "two_stage/expected_oks.py: expected_oks" in text
    assert "heatmaps_to_keypoints" not in text


def test_mask_rcnn_that_finds_nothing(page):
    assert page("mask_rcnn", mask(score_thresh=1.0, num_keypoints=14))[0][-3:] == [
        "maps of joints",
        "joints",
        "the answer",
    ]


def test_fast_rcnn_is_given_its_proposals(page):
    stages, _ = page("faster_rcnn", GridFastRCNN(3, Trunk(strides=(8,)), width=16, pooling="align"))
    assert stages == ["the picture", "backbone: Trunk", "proposals", *REGIONS]


def test_an_image_without_any_proposal(page):
    model = FasterRCNN(3, Trunk(), anchor_sizes=((10, 16), (24, 36)), width=16)
    model.rpn.min_size = 1e4
    assert page("faster_rcnn", model)[0][-5:] == REGIONS


@pytest.mark.parametrize(
    ("out", "words"),
    [("page.txt", "--out is page.txt, expected a file that ends in .html"), ("no/page.html", "--out is no/page.html"),
     ("folder.html", "--out is folder.html, which is no page of this command")],
)  # fmt: skip
def test_mistakes_are_told_before_any_work(capsys, out, words):
    pathlib.Path("folder.html").mkdir()
    assert main(["explain", "nowhere", "photo.png", "--out", out]) == 2
    assert f"explain: {words}" in capsys.readouterr().err
