"""Turning, scaling, cropping in one."""

import numpy as np

import minidet.data.transforms as T
from minidet.data.transforms.geometry import boxes_of_masks

from .test_geometry import scene


def test_affine_crop_stays_inside_a_large_image(rng):
    image = np.ones((3, 60, 80), np.float32)
    for _ in range(50):
        out, target = T.RandomAffineCrop((30, 30), scale=(0.6, 2.0))(image, {"semantic": np.ones((60, 80), int)}, rng)
        assert out.min() > 0.999
        assert target["semantic"].min() == 1


def test_affine_crop_shows_all_of_a_small_image(rng):
    image, target = scene(rng)
    out, moved = T.RandomAffineCrop((80, 80), fill=0.5)(image, target, rng)
    assert len(moved["labels"]) == 5
    assert (moved["semantic"] != -100).sum() == 40 * 56
    np.testing.assert_array_equal(out[:, moved["semantic"] == -100], np.float32(0.5))


def test_rotation_is_about_the_middle(rng):
    image = np.zeros((3, 41, 41), np.float32)
    masks = np.zeros((1, 41, 41), bool)
    masks[0, 19:22, 19:22] = True
    for _ in range(10):
        _, target = T.RandomRotation(180)(image, {"masks": masks}, rng)
        np.testing.assert_allclose(boxes_of_masks(target["masks"]), [[19, 19, 22, 22]], atol=1)


def test_angles_are_drawn_to_both_sides(rng):
    image = np.zeros((3, 101, 101), np.float32)
    image[:, 48:53, 88:93] = 1  # 40 pixels to the right of the middle
    for transform in (T.RandomRotation(30), T.RandomAffineCrop((101, 101), degrees=30, p=0)):
        heights = []
        for _ in range(200):
            rows, columns = np.nonzero(transform(image, {}, rng)[0][0] > 0.5)
            heights.append(np.arctan2(rows.mean() - 50, columns.mean() - 50))
        assert -30.5 < np.rad2deg(min(heights)) < -27
        assert 27 < np.rad2deg(max(heights)) < 30.5


def test_a_positive_angle_turns_counter_clockwise():
    class Largest(np.random.Generator):
        def uniform(self, low, high):
            return high

    image = np.zeros((3, 21, 21), np.float32)
    image[:, 10, 18] = 1  # at three o'clock
    out, _ = T.RandomRotation(90)(image, {}, Largest(np.random.PCG64(0)))
    np.testing.assert_allclose(out[:, 2, 10], 1, atol=1e-4)  # at twelve
