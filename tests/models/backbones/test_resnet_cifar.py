import pytest

from minidet.models import backbones

from .cases import IMAGENET
from .parity import assert_as_in_pytorch


def twin(width, option):
    """Build the network as akamaster's source does."""
    from torch import nn

    F = nn.functional

    class Block(nn.Module):
        def __init__(self, c, f, s):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(c, f, 3, s, 1, bias=False), nn.BatchNorm2d(f)
            self.conv2, self.bn2 = nn.Conv2d(f, f, 3, 1, 1, bias=False), nn.BatchNorm2d(f)
            self.quarter = f // 4 if c != f else 0
            if c != f and option == "B":
                self.shortcut = nn.Sequential(nn.Conv2d(c, f, 1, s, bias=False), nn.BatchNorm2d(f))

        def forward(self, x):
            out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            if self.quarter:
                if option == "B":
                    x = self.shortcut(x)
                else:
                    x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.quarter, self.quarter), "constant", 0)
            return F.relu(out + x)

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
            w = width
            self.layer1 = nn.Sequential(Block(w, w, 1), Block(w, w, 1), Block(w, w, 1))
            self.layer2 = nn.Sequential(Block(w, 2 * w, 2), Block(2 * w, 2 * w, 1), Block(2 * w, 2 * w, 1))
            self.layer3 = nn.Sequential(Block(2 * w, 4 * w, 2), Block(4 * w, 4 * w, 1), Block(4 * w, 4 * w, 1))
            self.linear = nn.Linear(4 * w, 10)

        def forward(self, x):
            x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
            return self.linear(F.avg_pool2d(x, tuple(x.shape[2:])).flatten(1))

    return Twin()


@pytest.mark.parity
@pytest.mark.parametrize(
    "option, size",
    [
        ("A", (33, 35)),
        pytest.param("A", (32, 32), marks=pytest.mark.slow),
        pytest.param("B", (32, 32), marks=pytest.mark.slow),
    ],
)
def test_as_in_pytorch(option, size, rng):
    assert_as_in_pytorch(backbones.resnet20(10, width=4, option=option), twin(4, option), IMAGENET, rng, size)


def test_option_b_has_weights_in_its_shortcuts():
    count = {option: sum(p.numel() for p in backbones.resnet20(option=option).parameters()) for option in "AB"}
    assert count == {"A": 269_722, "B": 272_474}
    with pytest.raises(ValueError, match="CIFARResNetClassifier: option is 'C', expected one of 'A', 'B'"):
        backbones.resnet20(option="C")
