import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import multiply_adds
from minidet.models.backbones import FeaturePyramid, backbone, mobilenet_v1, resnet18

from .cases import disturb

STRIDES = 8, 16, 32


class Given(nn.Module):
    """A backbone that returns the maps it was given."""

    def __init__(self, maps):
        super().__init__()
        self.maps = maps
        self.channels = {stride: value.shape[1] for stride, value in maps.items()}

    def forward(self, images):
        return self.maps


@pytest.mark.parity
def test_as_in_pytorch(rng):
    """torchvision's FeaturePyramidNetwork, with odd sizes and LastLevelMaxPool, and its parameter names."""
    import torch
    from torch.nn import functional as F

    sizes = {8: (4, 13, 17), 16: (6, 7, 9), 32: (8, 4, 5)}
    arrays = {stride: rng.random((2, *size)) for stride, size in sizes.items()}
    mine = {stride: minidet.tensor(value, requires_grad=True) for stride, value in arrays.items()}
    theirs = {stride: torch.tensor(value, requires_grad=True) for stride, value in arrays.items()}
    pyramid = disturb(FeaturePyramid(Given(mine), 5, extra_level=True), rng).double()
    state = {key: torch.from_numpy(value.numpy()) for key, value in pyramid.state_dict().items()}
    assert set(state) == {f"{block}_blocks.{i}.0.{part}" for block in ("inner", "layer") for i in range(3)
                          for part in ("weight", "bias")}  # fmt: skip
    expected, last = {}, None
    for i, stride in ((2, 32), (1, 16), (0, 8)):
        x = F.conv2d(theirs[stride], state[f"inner_blocks.{i}.0.weight"], state[f"inner_blocks.{i}.0.bias"])
        last = x if last is None else x + F.interpolate(last, size=x.shape[-2:], mode="nearest")
        expected[stride] = F.conv2d(
            last, state[f"layer_blocks.{i}.0.weight"], state[f"layer_blocks.{i}.0.bias"], padding=1
        )
    expected[64] = F.max_pool2d(expected[32], 1, 2, 0)
    maps = pyramid(None)
    assert list(maps) == [8, 16, 32, 64]
    loss, loss_expected = 0, 0
    for stride, value in maps.items():
        np.testing.assert_allclose(value.detach().numpy(), expected[stride].detach().numpy(), rtol=1e-9, atol=1e-12)
        weights = rng.random(value.shape)
        loss = loss + (value * minidet.tensor(weights)).sum()
        loss_expected = loss_expected + (expected[stride] * torch.tensor(weights)).sum()
    loss.backward()
    loss_expected.backward()
    for stride in STRIDES:
        np.testing.assert_allclose(mine[stride].grad.numpy(), theirs[stride].grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("size", [(32, 32), (97, 131)])
@pytest.mark.parametrize("extra", [False, True])
def test_is_a_backbone(size, extra, rng):
    pyramid = FeaturePyramid(mobilenet_v1(10, width=0.25), 8, extra_level=extra)
    assert backbone(pyramid) is pyramid
    strides = (8, 16, 32, 64) if extra else STRIDES
    assert pyramid.strides == strides
    assert pyramid.channels == dict.fromkeys(strides, 8)
    maps = pyramid(minidet.tensor(rng.random((2, 3, *size), dtype=np.float32)))
    expected = {stride: (2, 8, *(-(-length // stride) for length in size)) for stride in strides}
    assert {stride: value.shape for stride, value in maps.items()} == expected


def test_coarse_maps_reach_the_fine_ones(rng):
    maps = {
        stride: minidet.tensor(rng.random((1, 2, 32 // stride, 32 // stride)), requires_grad=True) for stride in STRIDES
    }
    pyramid = FeaturePyramid(Given(maps), 3).double()
    pyramid(None)[8].sum().backward()
    assert all(value.grad.numpy().any() for value in maps.values())
    for value in maps.values():
        value.grad = None
    pyramid(None)[32].sum().backward()
    assert [value.grad is not None and bool(value.grad.numpy().any()) for value in maps.values()] == [
        False,
        False,
        True,
    ]


def test_defaults_names_and_cost():
    pyramid = FeaturePyramid("mobilenet_v1_025", strides=(8, 16))
    assert (pyramid.strides, pyramid.channels) == ((8, 16), {8: 96, 16: 96})
    keys = list(pyramid.state_dict())
    assert keys[0] == "backbone.conv0.weight"
    assert "backbone.pw12.weight" not in keys
    own = (64 + 128) * 96 + 2 * 96 * 96 * 9  # at every position of one map each
    trunk = multiply_adds(pyramid.backbone, (1, 3, 64, 64))
    levels = 64 * (64 * 96 + 96 * 96 * 9) + 16 * (128 * 96 + 96 * 96 * 9)
    assert multiply_adds(pyramid, (1, 3, 64, 64)) == trunk + levels
    weights = sum(p.numel() for p in (*pyramid.inner_blocks.parameters(), *pyramid.layer_blocks.parameters()))
    assert weights == own + 4 * 96
    weight = pyramid.layer_blocks[0][0].weight.detach().numpy()
    assert np.abs(weight).max() == pytest.approx((3 / (96 * 9)) ** 0.5, rel=0.01)  # U(-r, r), r = sqrt(3 / fan_in)


def test_freeze_leaves_the_pyramids_own_layers(rng):
    pyramid = FeaturePyramid(resnet18(10, width=4), 8).freeze()
    nn.Sequential(pyramid).train()
    learned = {key for key, parameter in pyramid.named_parameters() if parameter.requires_grad}
    assert learned == {key for key in pyramid.state_dict() if not key.startswith("backbone.")}
    assert not any(m.training for m in pyramid.backbone.layer1.modules())
    assert pyramid.inner_blocks.training
    pyramid.unfreeze()
    assert all(parameter.requires_grad for parameter in pyramid.parameters())
    assert all(module.training for module in pyramid.modules())


def test_bad_options():
    with pytest.raises(ValueError, match="FeaturePyramid: channels is 0, expected an integer >= 1"):
        FeaturePyramid("mobilenet_v1_025", 0)
    with pytest.raises(TypeError, match="FeaturePyramid: extra_level is a str"):
        FeaturePyramid("mobilenet_v1_025", extra_level="pool")
    pyramid = FeaturePyramid("mobilenet_v1_025", 8)
    with pytest.raises(
        ValueError, match=r"backbone: strides is \(4,\), expected \(8, 16, 32\): a FeaturePyramid is given"
    ):
        backbone(pyramid, strides=(4,))
