"""Compose: in order."""

import numpy as np

import minidet.data.transforms as T

from .test_geometry import scene


def test_compose_applies_in_order(rng):
    image, target = scene(rng)
    both = T.Compose([T.RandomHorizontalFlip(1.0), T.Pad((2, 0, 0, 0))])
    out, moved = both(image, target, rng)
    np.testing.assert_array_equal(out[:, :, 2:], image[:, :, ::-1])
    np.testing.assert_array_equal(moved["boxes"][:, 0], 2 + 56 - target["boxes"][:, 2])
