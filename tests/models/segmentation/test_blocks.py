import numpy as np
import pytest

import minidet
from minidet.models.segmentation.blocks import ConvBNReLU, crop, pixel_shuffle


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_pixel_shuffle(factor, rng):
    x = rng.random((2, 3 * factor**2, 4, 5))
    out = pixel_shuffle(minidet.tensor(x), factor).numpy()
    assert out.shape == (2, 3, 4 * factor, 5 * factor)
    for n, c, i, j in np.ndindex(out.shape):
        channel = c * factor**2 + i % factor * factor + j % factor
        assert out[n, c, i, j] == x[n, channel, i // factor, j // factor]


@pytest.mark.parity
def test_pixel_shuffle_is_pytorchs(rng):
    torch = pytest.importorskip("torch")
    x = rng.random((2, 12, 3, 5))
    expected = torch.nn.functional.pixel_shuffle(torch.from_numpy(x), 2).numpy()
    np.testing.assert_array_equal(pixel_shuffle(minidet.tensor(x), 2).numpy(), expected)


def test_crop(rng):
    x = rng.random((1, 2, 6, 7))
    np.testing.assert_array_equal(crop(minidet.tensor(x), (3, 4), offset=2).numpy(), x[:, :, 2:5, 2:6])
    whole = minidet.tensor(x)
    assert crop(whole, (6, 7)) is whole


@pytest.mark.parametrize("size, expected", [((8, 8), (4, 4)), ((7, 9), (4, 5))])
def test_stride_rounds_up(size, expected):
    assert ConvBNReLU(2, 3, stride=2)(minidet.rand(2, 2, *size)).shape == (2, 3, *expected)
