"""The whole network: its defaults, backbones, names of its weights, a frozen trunk, proposals from elsewhere."""

import numpy as np
import pytest

from minidet import optim
from minidet.models.backbones import FeaturePyramid
from minidet.models.detection import FasterRCNN

from ..cases import faster, grid, spots, total, values

IMAGES, TARGETS = spots()


def test_a_number_of_classes_is_enough():
    model = FasterRCNN(5)
    assert set(values(model(IMAGES, TARGETS))) == {
        "loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}  # fmt: skip
    model.eval()
    assert len(model(IMAGES)) == 2


def test_losses_at_the_start():
    losses = values(FasterRCNN(8, pyramid=16)(IMAGES, TARGETS))
    assert losses["loss_objectness"] == pytest.approx(np.log(2), abs=0.05)
    assert losses["loss_classifier"] == pytest.approx(np.log(8), abs=0.2)
    assert 0 < losses["loss_rpn_box_reg"] < 0.5
    assert 0 < losses["loss_box_reg"] < 0.5


@pytest.mark.parametrize("backbone", ["resnet20", FeaturePyramid("mobilenet_v1_025", 8, extra_level=True)])
def test_other_backbones(backbone):
    model = FasterRCNN(3, backbone, width=8, pool_size=2)
    assert np.isfinite(total(model(IMAGES[:1], TARGETS[:1])).item())


def test_keys_are_torchvisions():
    keys = [key for key in FasterRCNN(3, pyramid=8).state_dict() if not key.startswith("backbone.")]
    layers = ("rpn.head.conv.0.0", "rpn.head.cls_logits", "rpn.head.bbox_pred", "roi_heads.box_head.fc6",
              "roi_heads.box_head.fc7", "roi_heads.box_predictor.cls_score", "roi_heads.box_predictor.bbox_pred")  # fmt: skip
    assert keys == [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]


def test_weights_there_and_back():
    model, twin = faster().eval(), faster().eval()
    twin.load_state_dict(model.state_dict())
    for mine, yours in zip(model(IMAGES), twin(IMAGES), strict=True):
        np.testing.assert_array_equal(mine["boxes"].numpy(), yours["boxes"].numpy())


@pytest.mark.parametrize("pyramid", [None, 8])
def test_a_frozen_trunk_stays_as_it_is(pyramid):
    model = FasterRCNN(3, "resnet20", pyramid=pyramid, width=8, pool_size=2)
    model.backbone.freeze()
    trunk = model.backbone if pyramid is None else model.backbone.backbone
    before = {name: value.numpy().copy() for name, value in trunk.state_dict().items()}
    assert any("num_batches_tracked" in name for name in before)
    optimizer = optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    head = model.roi_heads.box_predictor.cls_score.weight.detach().numpy().copy()
    for _ in range(2):
        model.train()
        total(model(IMAGES, TARGETS)).backward()
        optimizer.step()
    for name, value in trunk.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])
    assert (model.roi_heads.box_predictor.cls_score.weight.detach().numpy() != head).any()


def test_proposals_from_elsewhere():
    model = faster()
    losses = values(model(IMAGES, TARGETS, [grid((64, 64))] * 2))
    assert set(losses) == {"loss_classifier", "loss_box_reg"}
    model.eval()
    proposals = model.propose(IMAGES)
    for mine, yours in zip(model(IMAGES), model(IMAGES, proposals=proposals), strict=True):
        np.testing.assert_allclose(mine["boxes"].numpy(), yours["boxes"].numpy(), atol=1e-4)
    with pytest.raises(TypeError, match="FasterRCNN: proposals has 1"):
        model(IMAGES, proposals=proposals[:1])
    with pytest.raises(ValueError, match="FasterRCNN: proposals contains NaN"):
        model(IMAGES, proposals=[proposals[0] * np.nan] * 2)


def test_proposals_are_in_pixels_of_the_image():
    model = faster(min_size=128).eval()
    proposals = model.propose(IMAGES)
    assert all(boxes.min() >= 0 and 32 < boxes.max() <= 64 for boxes in proposals)
    ((batch, _, scaled),) = model.prepared(IMAGES, proposals=proposals)
    assert batch.sizes == [(128, 128)] * 2
    np.testing.assert_allclose(scaled[0], 2 * proposals[0])


def test_targets_follow_the_scaling():
    model = faster(min_size=128)
    ((_batch, truths, _),) = model.prepared(IMAGES, TARGETS, learns=True)
    np.testing.assert_allclose(truths[1].boxes, 2 * TARGETS[1]["boxes"])
