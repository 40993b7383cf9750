"""Proposals from outside: given, in the targets, or searched for."""

import numpy as np
import pytest

import minidet
from minidet import ops
from minidet.models.detection import FastRCNN

from ..cases import Trunk, fast, grid, spots, total, values

IMAGES, TARGETS = spots()
PROPOSALS = [grid((64, 64)), grid((64, 64), (20,))]


def losses_of(model, *arguments, **options):
    minidet.manual_seed(0)
    return values(model(*arguments, **options))


def test_proposals_given_or_in_the_targets_are_the_same():
    model = fast()
    given = losses_of(model, IMAGES, TARGETS, PROPOSALS)
    targets = [{**target, "proposals": boxes} for target, boxes in zip(TARGETS, PROPOSALS, strict=True)]
    assert given == losses_of(model, IMAGES, targets) != losses_of(model, IMAGES, TARGETS)


def test_selective_search_is_asked_where_nothing_is_given(monkeypatch):
    asked = []

    def search(image, mode="fast", rng=None):
        asked.append((image.shape, mode))
        return minidet.tensor(grid(image.shape[1:]))

    monkeypatch.setattr(ops, "selective_search", search, raising=True)
    model = FastRCNN(3, Trunk(strides=(8,)), width=8, pool_size=2, search="single")
    assert set(losses_of(model, IMAGES, TARGETS)) == {"loss_classifier", "loss_box_reg"}
    model.eval()(IMAGES[:1])
    assert asked == [((3, 64, 64), "single")] * 3


def test_only_the_first_proposals_are_looked_at():
    model = fast(max_proposals=5).eval()
    few, all_of_them = model(IMAGES, proposals=[boxes[:5] for boxes in PROPOSALS]), model(IMAGES, proposals=PROPOSALS)
    np.testing.assert_array_equal(few[0]["boxes"].numpy(), all_of_them[0]["boxes"].numpy())


def test_proposals_are_clipped_and_those_without_area_dropped():
    model = fast(score_thresh=0.0).eval()
    wild = np.float32([[-50, -50, 30, 30], [10, 10, 10, 40], [70, 70, 90, 90], [5, 5, 200, 60]])
    tame = np.float32([[0, 0, 30, 30], [5, 5, 64, 60]])
    mine, yours = (model(IMAGES[:1], proposals=[boxes])[0] for boxes in (wild, tame))
    np.testing.assert_array_equal(mine["boxes"].numpy(), yours["boxes"].numpy())
    nobody = model(IMAGES[:1], proposals=[np.zeros((0, 4), np.float32)])[0]
    assert nobody["boxes"].shape == (0, 4)
    losses = model.train()(IMAGES[:1], TARGETS[:1], [np.zeros((0, 4))])  # the true boxes are there
    assert total(losses).item() > 0


def test_64_regions_of_an_image_with_background_from_a_tenth():
    model = FastRCNN(3)
    assert model.roi_heads.bg_iou == (0.1, 0.5)
    assert model.roi_heads.sampler.batch_size_per_image == 64
    assert model.roi_heads.box_roi_pool.kind == "pool"
    with pytest.raises(ValueError, match="FastRCNN: search is 'slow'"):
        FastRCNN(3, search="slow")


def test_a_gradient_flows_through_the_pooling_into_the_backbone():
    model = fast()
    total(model(IMAGES, TARGETS, PROPOSALS)).backward()
    assert np.abs(model.backbone.conv.weight.grad.numpy()).max() > 0
