import pytest

from minidet.models import backbones
from minidet.models.backbones.mobilenetv2 import round_channels

from .cases import IMAGENET
from .parity import assert_as_in_pytorch


def twin(width, num_classes):
    """Build the network as torchvision's source does."""
    from torch import nn

    def conv(c, f, k, s, groups=1):
        return nn.Sequential(
            nn.Conv2d(c, f, k, s, (k - 1) // 2, groups=groups, bias=False), nn.BatchNorm2d(f), nn.ReLU6()
        )

    class Block(nn.Module):
        def __init__(self, c, f, s, t):
            super().__init__()
            self.skip = s == 1 and c == f
            layers = [conv(c, c * t, 1, 1)] if t != 1 else []
            layers += [conv(c * t, c * t, 3, s, c * t), nn.Conv2d(c * t, f, 1, bias=False), nn.BatchNorm2d(f)]
            self.conv = nn.Sequential(*layers)

        def forward(self, x):
            return x + self.conv(x) if self.skip else self.conv(x)

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            first, *channels = [max(8, 8 * round(c * width / 8 + 1e-9)) for c in (32, 16, 24, 32, 64, 96, 160, 320)]
            layers, c = [conv(3, first, 3, 2)], first
            table = zip(channels, (1, 6, 6, 6, 6, 6, 6), (1, 2, 3, 4, 3, 3, 1), (1, 2, 2, 2, 1, 2, 1), strict=True)
            for f, t, n, s in table:
                for i in range(n):
                    layers.append(Block(c, f, s if i == 0 else 1, t))
                    c = f
            self.features = nn.Sequential(*layers, conv(c, 1280, 1, 1))
            self.classifier = nn.Sequential(nn.Dropout(0.0), nn.Linear(1280, num_classes))

        def forward(self, x):
            return self.classifier(nn.functional.adaptive_avg_pool2d(self.features(x), 1).flatten(1))

    return Twin()


@pytest.mark.parity
@pytest.mark.parametrize("width, size", [(0.25, (45, 70)), pytest.param(0.5, (64, 64), marks=pytest.mark.slow)])
def test_as_in_pytorch(width, size, rng):
    assert_as_in_pytorch(backbones.mobilenet_v2(10, width, dropout=0.0), twin(width, 10), IMAGENET, rng, size)


def test_channels_are_multiples_of_eight():
    """With the numbers of torchvision's rounding."""
    assert [round_channels(c) for c in (8, 11, 12, 3, 24, 33.6, 18, 44.8, 134.4)] == [8, 16, 16, 8, 24, 32, 24, 48, 136]


def test_names_and_starting_values():
    model = backbones.mobilenet_v2(7)
    keys = list(model.state_dict())
    assert keys[:2] == ["features.0.0.weight", "features.0.1.weight"]
    assert {"features.1.conv.0.0.weight", "features.2.conv.1.1.running_var", "features.18.0.weight"} < set(keys)
    assert keys[-2:] == ["classifier.1.weight", "classifier.1.bias"]
    assert model.classifier[1].weight.detach().numpy().std() == pytest.approx(0.01, rel=0.05)
    assert model.features[18][0].weight.detach().numpy().std() == pytest.approx((2 / 1280) ** 0.5, rel=0.05)
    assert not model.classifier[1].bias.detach().numpy().any()
    assert (model.classifier[0].p, model.levels[32]) == (0.2, ("features.18", 1280))


def test_bad_options():
    with pytest.raises(ValueError, match="MobileNetV2Classifier: width_mult is -1"):
        backbones.mobilenet_v2(10, -1)
