import pytest

from minidet.models import backbones

from .cases import IMAGENET
from .parity import assert_as_in_pytorch


def twin(bottleneck, counts, width, num_classes):
    """Build the network as torchvision's source does."""
    from torch import nn

    relu = nn.functional.relu

    class Block(nn.Module):
        def __init__(self, c, w, s):
            super().__init__()
            f = 4 * w if bottleneck else w
            shapes = [(c, w, 1, 1), (w, w, 3, s), (w, f, 1, 1)] if bottleneck else [(c, w, 3, s), (w, w, 3, 1)]
            self.pairs = []
            for i, (a, b, k, stride) in enumerate(shapes, 1):
                setattr(self, f"conv{i}", nn.Conv2d(a, b, k, stride, k // 2, bias=False))
                setattr(self, f"bn{i}", nn.BatchNorm2d(b))
                self.pairs.append((f"conv{i}", f"bn{i}"))
            self.downsample = None
            if s != 1 or c != f:
                self.downsample = nn.Sequential(nn.Conv2d(c, f, 1, s, bias=False), nn.BatchNorm2d(f))

        def forward(self, x):
            out = x
            for i, (conv, bn) in enumerate(self.pairs):
                out = getattr(self, bn)(getattr(self, conv)(out if i == 0 else relu(out)))
            return relu(out + (x if self.downsample is None else self.downsample(x)))

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            c = width
            for i, n in enumerate(counts):
                blocks = []
                for j in range(n):
                    blocks.append(Block(c, width * 2**i, 2 if i and not j else 1))
                    c = width * 2**i * (4 if bottleneck else 1)
                setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
            self.fc = nn.Linear(c, num_classes)

        def forward(self, x):
            x = nn.functional.max_pool2d(relu(self.bn1(self.conv1(x))), 3, 2, 1)
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))

    return Twin()


@pytest.mark.parity
@pytest.mark.parametrize(
    "name, bottleneck, counts, size",
    [
        ("resnet18", False, (2, 2, 2, 2), (45, 70)),
        pytest.param("resnet34", False, (3, 4, 6, 3), (45, 70), marks=pytest.mark.slow),
        ("resnet50", True, (3, 4, 6, 3), (64, 64)),
    ],
)
def test_as_in_pytorch(name, bottleneck, counts, size, rng):
    assert_as_in_pytorch(getattr(backbones, name)(10, width=8), twin(bottleneck, counts, 8, 10), IMAGENET, rng, size)


def test_names_and_starting_values():
    model = backbones.resnet50(7, width=16)
    keys = list(model.state_dict())
    assert keys[:2] == ["conv1.weight", "bn1.weight"]
    assert {"layer1.0.conv1.weight", "layer1.0.downsample.1.num_batches_tracked", "layer4.2.bn3.bias"} < set(keys)
    assert keys[-2:] == ["fc.weight", "fc.bias"]
    weight = model.layer4[0].conv2.weight.detach().numpy()
    assert weight.std() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.05)
