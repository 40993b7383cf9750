"""The detector: what goes through it, and regions that are hardly any."""

import re

import numpy as np
import pytest

import minidet
from minidet.models.detection import RCNN

from .scene import pictures, small

DATA, PROPOSALS = pictures(count=2)
IMAGES, TARGETS = (list(part) for part in zip(*DATA, strict=True))


def fires(model):
    """Let every region be an object of class 1, a little more if it is bright."""
    model.svms.set_all(np.full((2, 16), 0.01), np.array([1.0, -9]), 1.0, np.array([1, 1]))
    return model.eval()


def test_one_loss_in_training_from_the_log_of_the_classes():
    model = small()
    losses = model(IMAGES, TARGETS, PROPOSALS)
    assert set(losses) == {"loss_classifier"}
    assert losses["loss_classifier"].item() == pytest.approx(np.log(3), rel=0.1)
    losses["loss_classifier"].backward()
    learns = [name for name, p in model.named_parameters() if p.grad is not None]
    assert {name.split(".")[1] for name in learns} == {"backbone", "fc7", "cls_score"}


def test_before_training_nothing_is_found():
    for answer in small(score_thresh=0.0).eval()(IMAGES, proposals=PROPOSALS, all_scores=True):
        assert answer["boxes"].shape == (0, 4)
        assert answer["all_scores"].shape == (0, 3)
        assert answer["labels"].dtype == np.int64


def test_regions_at_the_border_of_one_pixel_and_without_area():
    proposals = np.float32([[0, 0, 1, 1], [47, 47, 48, 48], [-10, -10, 6, 6], [40, 3, 90, 9], [5, 5, 5, 20], [9, 9, 8, 8],
                            [60, 60, 70, 70], [0, 0, 48, 48]])  # fmt: skip
    model = fires(small(nms_thresh=1.0))
    assert model.regions(proposals, (48, 48)).tolist() == [
        [0, 0, 1, 1], [47, 47, 48, 48], [0, 0, 6, 6], [40, 3, 48, 9], [0, 0, 48, 48]]  # fmt: skip
    (answer,) = model([IMAGES[0]], proposals=[proposals])
    boxes = answer["boxes"].numpy()
    assert sorted(boxes.tolist()) == sorted(model.regions(proposals, (48, 48)).tolist())
    assert np.isfinite(answer["scores"].numpy()).all()
    assert set(answer["labels"].numpy()) == {1}
    loss = small()([IMAGES[0]], [TARGETS[0]], [proposals])["loss_classifier"]
    assert np.isfinite(loss.item())


def test_no_regions_at_all():
    empty = [np.zeros((0, 4), np.float32)] * 2
    for answer in fires(small())(IMAGES, proposals=empty):
        assert answer["boxes"].shape == (0, 4)
        assert answer["scores"].shape == (0,)
    nothing = {"boxes": [], "labels": []}
    loss = small()(IMAGES, [nothing, nothing], empty)["loss_classifier"]
    assert loss.item() == 0
    loss.backward()


def test_one_box_of_each_class_where_many_overlap():
    proposals = np.float32([[4, 4, 20, 20], [4, 4, 20, 20.5], [30, 30, 44, 44]])
    model = fires(small())
    (answer,) = model([IMAGES[0]], proposals=[proposals], all_scores=True)
    assert len(answer["scores"]) == 2
    every = answer["all_scores"].numpy()
    np.testing.assert_array_equal(every[:, 1], answer["scores"].numpy())
    np.testing.assert_allclose(every[:, 0], 1 - every[:, 1:].max(1))
    model.svms.set_all(np.full((2, 16), 0.01), np.array([1.0, 0.5]), 1.0, np.array([1, 1]))
    (answer,) = model([IMAGES[0]], proposals=[proposals])
    assert sorted(answer["labels"].numpy()) == [1, 1, 2, 2]  # a class does not suppress another
    model.detections_per_img = 1
    assert len(model([IMAGES[0]], proposals=[proposals])[0]["scores"]) == 1


def test_regions_go_through_a_few_at_a_time(monkeypatch):
    model = small().eval()
    whole = model.pool5_of(IMAGES[0], PROPOSALS[0])
    monkeypatch.setattr("minidet.models.detection.rcnn.rcnn.CHUNK", 7)
    np.testing.assert_allclose(model.pool5_of(IMAGES[0], PROPOSALS[0]), whole, rtol=1e-4, atol=1e-5)
    assert whole.shape == (len(PROPOSALS[0]), model.network.cells) == (64, 72)


def test_the_deltas_are_in_pixels_of_the_image_as_it_was_given():
    model = fires(small(min_size=96, nms_thresh=1.0))
    proposals = np.float32([[4, 4, 20, 20], [10, 24, 40, 44]])
    (answer,) = model([IMAGES[0]], proposals=[proposals])
    np.testing.assert_allclose(sorted(answer["boxes"].numpy().tolist()), proposals, atol=1e-4)


def test_beyond_the_image_is_what_the_backbone_makes_0():
    model = RCNN(3, crop_size=32, context=4)
    crop = model.crops(np.ones((3, 40, 40), np.float32), np.float32([[-40, 0, 0, 40]]))
    np.testing.assert_allclose(crop[0, :, :, 0], np.array(model.backbone.mean)[:, None] * np.ones((3, 32)), rtol=1e-6)


def test_proposals_in_the_targets_or_searched(monkeypatch):
    model = small()
    given = [{**target, "proposals": boxes} for target, boxes in zip(TARGETS, PROPOSALS, strict=True)]
    minidet.manual_seed(3)
    loss = model(IMAGES, given)["loss_classifier"].item()
    minidet.manual_seed(3)
    monkeypatch.setattr(model, "propose", lambda images: PROPOSALS)
    assert model(IMAGES, TARGETS)["loss_classifier"].item() == pytest.approx(loss, rel=1e-5)


def test_mistakes():
    for options, words in (({"context": 12}, "context is 12"), ({"batch": 3}, "batch is 3"), ({"search": "slow"}, "search is"),
                           ({"ridge": -1}, "ridge is -1"), ({"grid": 0}, "grid is 0"),
                           ({"nms_thresh": 2}, "nms_thresh is 2")):  # fmt: skip
        with pytest.raises(ValueError, match=re.escape(f"RCNN: {words}")):
            small(**options)
    with pytest.raises(TypeError, match="RCNN: proposals has 1"):
        small()(IMAGES, TARGETS, PROPOSALS[:1])
    with pytest.raises(ValueError, match="RCNN: proposals contains NaN"):
        small()(IMAGES, TARGETS, [boxes * np.nan for boxes in PROPOSALS])
