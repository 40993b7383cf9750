import numpy as np
import pytest

import minidet
from minidet.models import backbones, multiply_adds
from minidet.models.backbones.mobilenetv1 import SameConv2d

from .cases import TENSORFLOW
from .parity import assert_as_in_pytorch


def twin(width, batch_norm):
    """Build the network of the paper's table 1 with TensorFlow's padding."""
    from torch import nn

    F = nn.functional

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            c = int(32 * width)
            self.rows = []
            self.add("conv0", 3, c, 3, 2)
            channels = [64, 128, 128, 256, 256] + [512] * 6 + [1024, 1024]
            for i, f in enumerate(channels, 1):
                self.add(f"dw{i}", c, c, 3, 2 if i in (2, 4, 6, 12) else 1, groups=c)
                self.add(f"pw{i}", c, int(f * width), 1, 1)
                c = int(f * width)
            self.classifier = nn.Linear(c, 10)

        def add(self, name, c, f, k, s, groups=1):
            setattr(self, name, nn.Conv2d(c, f, k, s, groups=groups, bias=not batch_norm))
            if batch_norm:
                setattr(self, f"{name}_bn", nn.BatchNorm2d(f))
            self.rows.append((name, k, s))

        def forward(self, x):
            for name, k, s in self.rows:
                if k == 3:
                    top, left = (1 if s == 1 or length % 2 else 0 for length in x.shape[2:])
                    x = F.pad(x, (left, 1, top, 1))
                x = getattr(self, name)(x)
                x = F.relu6(getattr(self, f"{name}_bn")(x) if batch_norm else x)
            return self.classifier(x.mean((2, 3)))

    return Twin()


@pytest.mark.parity
@pytest.mark.parametrize(
    "batch_norm, size",
    [
        (False, (45, 70)),
        pytest.param(False, (64, 64), marks=pytest.mark.slow),
        pytest.param(True, (64, 64), marks=pytest.mark.slow),
    ],
)
def test_as_in_pytorch(batch_norm, size, rng):
    mine = backbones.mobilenet_v1(10, width=0.25, batch_norm=batch_norm)
    assert_as_in_pytorch(mine, twin(0.25, batch_norm), TENSORFLOW, rng, size)


@pytest.mark.parametrize("size, stride, first", [((6, 7), 2, (0, 1)), ((5, 8), 2, (1, 0)), ((5, 6), 1, (1, 1))])
def test_pads_as_tensorflow(size, stride, first, rng):
    """An impulse comes out where TensorFlow puts it: ``first`` zeros lie above and left of the image."""
    conv = SameConv2d(1, 1, 3, stride, bias=False)
    image = rng.random((1, 1, *size), dtype=np.float32)
    out = conv(minidet.tensor(image)).detach().numpy()
    assert out.shape[2:] == tuple(-(-length // stride) for length in size)
    padded = np.pad(image[0, 0], [(before, 2) for before in first])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))[::stride, ::stride]
    expected = np.einsum("ijkl,kl->ij", windows, conv.weight.detach().numpy()[0, 0])
    np.testing.assert_allclose(out[0, 0], expected[: out.shape[2], : out.shape[3]], rtol=1e-5, atol=1e-6)


def test_the_small_one_is_as_published():
    """467,336 parameters and 14 million multiply-adds (Howard et al., table 7: 0.25 MobileNet-128)."""
    model = backbones.mobilenet_v1(width=0.25)
    assert sum(p.numel() for p in model.parameters()) == 467_336
    assert multiply_adds(model, (1, 3, 128, 128)) == 13_570_048


def test_starting_values_keep_the_size_of_what_flows(rng):
    """Without batch normalisation, the last map is neither 0 nor cut at 6."""
    images = minidet.tensor(rng.random((2, 3, 64, 64), dtype=np.float32))
    features = backbones.mobilenet_v1(10, width=0.5).part()(images)[32].detach().numpy()
    assert 0.01 < features.std() < 3
