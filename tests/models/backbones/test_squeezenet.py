import numpy as np
import pytest

import minidet
from minidet.models import backbones
from minidet.models.backbones.squeezenet import SqueezeNet

from .cases import IMAGENET, disturb, to_numpy
from .parity import assert_as_in_pytorch

PLANS = {
    "squeezenet1_0": (7, [96, "M", 16, 16, 32, "M", 32, 48, 48, 64, "M", 64]),
    "squeezenet1_1": (3, [64, "M", 16, 16, "M", 32, 32, "M", 48, 48, 64, 64]),
}


def twin(name):
    """Build the network as torchvision's source does."""
    import torch
    from torch import nn

    class Fire(nn.Module):
        def __init__(self, c, s, e):
            super().__init__()
            self.squeeze, self.expand1x1 = nn.Conv2d(c, s, 1), nn.Conv2d(s, e, 1)
            self.expand3x3 = nn.Conv2d(s, e, 3, padding=1)

        def forward(self, x):
            x = self.squeeze(x).relu()
            return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            kernel, (first, *plan) = PLANS[name]
            layers, c = [nn.Conv2d(3, first, kernel, 2), nn.ReLU()], first
            for s in plan:
                layers.append(nn.MaxPool2d(3, 2, ceil_mode=True) if s == "M" else Fire(c, s, 4 * s))
                c = c if s == "M" else 8 * s
            self.features = nn.Sequential(*layers)
            self.classifier = nn.Sequential(nn.Dropout(0.0), nn.Conv2d(c, 10, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

        def forward(self, x):
            return self.classifier(self.features(x)).flatten(1)

    return Twin()


@pytest.mark.parity
@pytest.mark.parametrize(
    "name, size", [pytest.param("squeezenet1_0", (64, 64), marks=pytest.mark.slow), ("squeezenet1_1", (61, 70))]
)
def test_as_in_pytorch(name, size, rng):
    mine = getattr(backbones, name)(10, dropout=0.0)
    mine.classifier[1].weight._write_array()[...] *= 10  # of 0.01: too little to compare
    assert_as_in_pytorch(mine, twin(name), IMAGENET, rng, size)


def test_a_backbone_pads_with_the_classifiers_weights(rng):
    """Its maps are those of layers without padding, on an image and maps that were padded by hand."""
    classifier = disturb(backbones.squeezenet1_0(10), rng)
    part = classifier.part((2, 4))
    images = rng.random((1, 3, 37, 50), dtype=np.float32)
    maps = to_numpy(part(minidet.tensor(images)))
    mean, std = (np.array(values, np.float32).reshape(3, 1, 1) for values in IMAGENET)
    x = np.pad((images - mean) / std, ((0, 0), (0, 0), (3, 3), (3, 3)))
    x = classifier.features[1](classifier.features[0](minidet.tensor(x))).detach().numpy()
    np.testing.assert_allclose(maps[2], x, rtol=1e-4, atol=1e-5)
    x = np.pad(x, ((0, 0), (0, 0), (1, 2 - x.shape[2] % 2), (1, 2 - x.shape[3] % 2)))  # of ReLUs: 0 is as good as -inf
    x = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))[:, :, ::2, ::2].max((-1, -2))
    for layer in classifier.features[3:6]:
        x = layer(minidet.tensor(x)).detach().numpy()
    np.testing.assert_allclose(maps[4], x[:, :, :10, :13], rtol=1e-4, atol=1e-5)
    assert classifier.features[0].padding == (0, 0)  # the classifier's own layers are as they were
    assert part.features[0].weight is classifier.features[0].weight


def test_the_network_without_a_head_is_padded(rng):
    images = minidet.tensor(rng.random((1, 3, 40, 40), dtype=np.float32))
    trunk = SqueezeNet("1_1")
    expected = to_numpy(trunk(images))
    assert {stride: value.shape[2] for stride, value in expected.items()} == {4: 10, 8: 5, 16: 3}
    part = to_numpy(trunk.part()(images))
    for stride, value in expected.items():
        np.testing.assert_array_equal(part[stride], value)


def test_starting_values_and_bad_options():
    model = backbones.squeezenet1_1(10)
    assert model.classifier[1].weight.detach().numpy().std() == pytest.approx(0.01, rel=0.05)
    weight = model.features[12].expand3x3.weight.detach().numpy()
    assert np.abs(weight).max() == pytest.approx((6 / (64 * 9)) ** 0.5, rel=0.01)  # U(-r, r), r = sqrt(6 / fan_in)
    with pytest.raises(ValueError, match="SqueezeNet: version is '2_0', expected one of '1_0', '1_1'"):
        SqueezeNet("2_0")
