import pytest

from minidet.models import backbones

from .cases import IMAGENET
from .parity import assert_as_in_pytorch


def twin(convs, batch_norm, width, hidden, ceil_mode):
    """Build the network as torchvision's source does; its poolings round down."""
    from torch import nn

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            layers, c = [], 3
            for n, f in zip(convs, (1, 2, 4, 8, 8), strict=True):
                for _ in range(n):
                    layers += [nn.Conv2d(c, f * width, 3, padding=1), nn.BatchNorm2d(f * width), nn.ReLU()]
                    if not batch_norm:
                        del layers[-2]
                    c = f * width
                layers.append(nn.MaxPool2d(2, 2, ceil_mode=ceil_mode))
            self.features = nn.Sequential(*layers)
            self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
            self.classifier = nn.Sequential(
                nn.Linear(c * 49, hidden), nn.ReLU(), nn.Dropout(0.0),
                nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.0), nn.Linear(hidden, 10),
            )  # fmt: skip

        def forward(self, x):
            return self.classifier(self.avgpool(self.features(x)).flatten(1))

    return Twin()


@pytest.mark.parity
@pytest.mark.parametrize(
    "name, convs, size",
    [
        ("vgg11", (1, 1, 2, 2, 2), (64, 32)),
        pytest.param("vgg11_bn", (1, 1, 2, 2, 2), (64, 96), marks=pytest.mark.slow),
        pytest.param("vgg16", (2, 2, 3, 3, 3), (64, 64), marks=pytest.mark.slow),
        ("vgg16_bn", (2, 2, 3, 3, 3), (45, 70)),
    ],
)
def test_as_in_pytorch(name, convs, size, rng):
    """Poolings that round up are the same as torchvision's where the sides are multiples of 32."""
    odd = any(length % 32 for length in size)
    theirs = twin(convs, name.endswith("bn"), 8, 16, ceil_mode=odd)
    mine = getattr(backbones, name)(10, width=8, hidden=16, dropout=0.0)
    for layer in mine.classifier[::3]:  # weights of 0.01 would leave nothing to compare
        layer.weight._write_array()[...] *= 20
    assert_as_in_pytorch(mine, theirs, IMAGENET, rng, size)


def test_names_and_starting_values():
    model = backbones.vgg16_bn(7, width=8, hidden=32)
    keys = list(model.state_dict())
    assert keys[:4] == ["features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias"]
    assert {"features.41.running_var", "classifier.0.weight", "classifier.3.bias", "classifier.6.bias"} < set(keys)
    assert model.classifier[0].weight.detach().numpy().std() == pytest.approx(0.01, rel=0.05)
    assert model.features[37].weight.detach().numpy().std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)
    assert [model.levels[stride] for stride in (16, 32)] == [("features.42", 64), ("features.43", 64)]
