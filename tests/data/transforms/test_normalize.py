"""Means and deviations."""

import numpy as np

import minidet.data.transforms as T


def test_normalize(rng):
    image = rng.random((3, 2, 2)).astype(np.float32)
    out, _ = T.Normalize([0.1, 0.2, 0.3], [1, 2, 4])(image, {})
    np.testing.assert_allclose(out[2], (image[2] - 0.3) / 4, rtol=1e-6)
