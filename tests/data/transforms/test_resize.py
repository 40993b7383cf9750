"""Sizes and factors."""

import numpy as np

import minidet.data.transforms as T

from .test_geometry import scene


def test_resize_keeps_proportions_with_one_number(rng):
    image, target = scene(rng)  # 40 x 56
    assert T.Resize(20)(image, target)[0].shape == (3, 20, 28)
    assert T.Resize((20, 20))(image, target)[0].shape == (3, 20, 20)
    assert T.Resize(20)(image.transpose(0, 2, 1), {})[0].shape == (3, 28, 20)


def test_scales_are_symmetric_in_the_logarithm(rng):
    draw = [T.RandomScale((0.5, 2))(np.zeros((3, 100, 1), np.float32), {}, rng)[0].shape[1] for _ in range(300)]
    assert 50 <= min(draw) < 60
    assert 170 < max(draw) <= 200
    assert 0.4 < np.mean(np.array(draw) < 100) < 0.6
