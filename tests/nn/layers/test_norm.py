"""Normalisation layers: their state, how it follows the batches, and their reprs."""

import numpy as np
import pytest

import minidet
from minidet import nn


def batches():
    rng = np.random.default_rng(0)
    return [rng.normal(1, 2, (4, 3, 5, 6)).astype(np.float32) for _ in range(3)]


@pytest.mark.parity
@pytest.mark.parametrize(
    "options", [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}, {"bias": False}]
)
def test_batch_norm_follows_the_batches(options):
    import torch

    ours, theirs = nn.BatchNorm2d(3, **options), torch.nn.BatchNorm2d(3, **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    for x in batches():
        np.testing.assert_allclose(
            ours(minidet.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), atol=1e-5
        )
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key].numpy(), value.numpy(), rtol=1e-5)
        assert ours.state_dict()[key].dtype == value.numpy().dtype
    ours.eval()
    theirs.eval()
    x = batches()[0]
    np.testing.assert_allclose(
        ours(minidet.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), atol=1e-5
    )


def test_evaluation_changes_nothing():
    layer = nn.BatchNorm2d(3).eval()
    layer(minidet.tensor(batches()[0]))
    assert int(layer.num_batches_tracked) == 0
    np.testing.assert_array_equal(layer.running_mean.numpy(), 0)


def test_reset():
    layer = nn.BatchNorm1d(3)
    layer(minidet.tensor(batches()[0][:, :, 0]))
    assert int(layer.num_batches_tracked) == 1
    layer.reset_parameters()
    assert int(layer.num_batches_tracked) == 0
    np.testing.assert_array_equal(layer.running_var.numpy(), 1)


def test_frozen_has_no_parameters_and_equals_evaluation():
    layer, frozen = nn.BatchNorm2d(3), nn.FrozenBatchNorm2d(3)
    for x in batches():
        layer(minidet.tensor(x))
    layer.eval()
    assert frozen.load_state_dict(layer.state_dict()) == ([], [])
    assert not list(frozen.parameters())
    assert list(frozen.state_dict()) == ["weight", "bias", "running_mean", "running_var"]
    x = minidet.tensor(batches()[0])
    np.testing.assert_array_equal(frozen(x).numpy(), layer(x).detach().numpy())


def test_frozen_has_no_use_for_the_count_of_batches_but_others_are_told():
    net = nn.Sequential(nn.FrozenBatchNorm2d(3), nn.Identity())
    state = nn.Sequential(nn.BatchNorm2d(3), nn.Identity()).state_dict()
    for strict in (True, False):
        assert net.load_state_dict(state, strict) == ([], [])
    with pytest.raises(ValueError, match="1.num_batches_tracked is unexpected"):
        net.load_state_dict({**state, "1.num_batches_tracked": np.zeros((), np.int64)})
    del state["0.bias"]
    with pytest.raises(ValueError, match="0.bias is missing"):
        net.load_state_dict(state)


@pytest.mark.parity
@pytest.mark.parametrize("strict", [True, False])
def test_the_count_of_batches_may_be_absent_as_in_pytorch(strict):
    import torch

    ours, theirs = nn.Sequential(nn.BatchNorm2d(3)), torch.nn.Sequential(torch.nn.BatchNorm2d(3))
    for net in (ours, theirs):
        net[0].num_batches_tracked.fill_(5)
        state = {key: value for key, value in net.state_dict().items() if not key.endswith("tracked")}
        assert tuple(net.load_state_dict(state, strict)) == ([], [])
        assert int(net[0].num_batches_tracked) == 5
    with pytest.raises(ValueError, match="0.num_batches_tracked is unexpected"):
        nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False)).load_state_dict(ours.state_dict())


def test_a_weight_without_a_bias():
    layer = nn.GroupNorm(1, 2, bias=False)
    assert list(layer.state_dict()) == ["weight"]
    assert layer(minidet.ones(1, 2, 2)).abs().max().item() == 0
    layer = nn.BatchNorm1d(2, bias=False)
    layer.weight._write_array()[...] = 5
    layer.reset_parameters()
    assert layer.weight.tolist() == [1, 1]


@pytest.mark.parametrize(
    "layer, text",
    [
        (
            nn.BatchNorm2d(3),
            "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)",
        ),
        (nn.FrozenBatchNorm2d(3), "FrozenBatchNorm2d(3, eps=1e-05)"),
        (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"),
        (nn.LocalResponseNorm(5), "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)"),
        (nn.L2Norm(4), "L2Norm(4, scale=20.0, eps=1e-10)"),
        (nn.MaxPool2d((2, 1)), "MaxPool2d(kernel_size=(2, 1), stride=(2, 1), padding=0, dilation=1, ceil_mode=False)"),
        (nn.AvgPool2d(3), "AvgPool2d(kernel_size=3, stride=3, padding=0)"),
        (nn.AdaptiveAvgPool2d((None, 3)), "AdaptiveAvgPool2d(output_size=(None, 3))"),
        (nn.MaxUnpool2d(2), "MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))"),
        (nn.BedOfNails2d(2), "BedOfNails2d(kernel_size=(2, 2), stride=(2, 2))"),
        (nn.Upsample(scale_factor=2), "Upsample(scale_factor=2.0, mode='nearest')"),
        (nn.Upsample((3, 4), mode="bilinear"), "Upsample(size=(3, 4), mode='bilinear')"),
    ],
)
def test_repr(layer, text):
    assert repr(layer) == text
