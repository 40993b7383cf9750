"""Jitter of colours."""

import numpy as np
import pytest

import minidet.data.transforms as T
from minidet.data.transforms.color import mix


def test_jitter_of_nothing_and_its_range(rng):
    image = rng.random((3, 8, 8)).astype(np.float32)
    assert T.ColorJitter()(image, {}, rng)[0] is image
    for _ in range(20):
        out, _ = T.ColorJitter(0.9, 0.9, 0.9)(image, {}, rng)
        assert 0 <= out.min() <= out.max() <= 1


@pytest.mark.parity
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_jittermixes_as_torchvision_says(name, rng):
    torch = pytest.importorskip("torch")
    image = rng.random((3, 8, 8)).astype(np.float32)
    x = torch.tensor(image)
    grey = (0.2989 * x[0] + 0.587 * x[1] + 0.114 * x[2])[None]
    other = {"brightness": torch.zeros_like(x), "contrast": grey.mean(), "saturation": grey}[name]
    for factor in (0.3, 1.7):
        expected = (factor * x + (1 - factor) * other).clamp(0, 1)
        np.testing.assert_allclose(mix(image, name, np.float32(factor)), expected.numpy(), atol=1e-6)
