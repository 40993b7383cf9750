"""Where windows lie in an image, and what is in them."""

import numpy as np
import pytest

import minidet
from minidet.models.detection.sliding_window.window_pyramid import WindowPyramid


@pytest.mark.parametrize("size", [(64, 64), (37, 90), (5, 130), (1, 1)])
def test_every_pixel_is_in_a_window_of_every_level(size):
    windows = WindowPyramid(12, 4, 12.0, 2, (0.5, 1.0))
    levels, boxes = windows.levels(size), windows.boxes(size)
    assert len(boxes) == sum(level.rows * level.columns for level in levels)
    start = 0
    for level in levels:
        mine = boxes[start : start + level.rows * level.columns]
        start += len(mine)
        assert (mine[:, :2].min(0) <= 1e-9).all()
        assert (mine[:, 2:].max(0) >= [size[1] - 1e-9, size[0] - 1e-9]).all()
        assert np.ptp(mine[:, 2] - mine[:, 0]) < 1e-9  # all of one size


def test_sizes_of_boxes_grow_by_the_octave():
    windows = WindowPyramid(12, 4, 16.0, 2, (1.0, 2.0))
    sides = [(b[2] - b[0], b[3] - b[1]) for b in (windows.boxes((64, 64))[i] for i in _first(windows, (64, 64)))]
    areas = [w * h for w, h in sides]
    np.testing.assert_allclose(
        areas, [2 * 16**2 * 2**i / 2 for i in range(5)] * 2, rtol=0.08
    )  # levels have whole pixels
    np.testing.assert_allclose([h / w for w, h in sides], [1.0] * 5 + [2.0] * 5, rtol=0.08)  # levels have whole pixels


def _first(windows, size):
    return np.cumsum([0] + [level.rows * level.columns for level in windows.levels(size)])[:-1]


def test_crops_are_the_pixels_of_their_boxes(rng):
    windows = WindowPyramid(8, 4, 8.0, 1)
    image = rng.random((1, 3, 20, 24), dtype=np.float32)
    pictures, boxes = windows.images(minidet.tensor(image)), windows.boxes((20, 24))
    count = 4 * 5
    crops = windows.crops(pictures, np.arange(count))  # the first level is the image itself
    for crop, (x1, y1, x2, y2) in zip(crops, boxes[:count].astype(int), strict=True):
        np.testing.assert_array_equal(crop, ((image - np.float32(0.5)) * 4)[0, :, y1:y2, x1:x2])
    half = image.reshape(3, 10, 2, 12, 2).mean((2, 4))
    second = windows.crops(pictures, np.arange(count, len(boxes)))
    np.testing.assert_allclose(second[0], np.pad((half - 0.5) * 4, ((0, 0), (1, 1), (0, 0)))[:, :8, :8], atol=1e-5)
    np.testing.assert_allclose(boxes[count], [0, -2, 16, 14])


def test_any_order_and_no_crops(rng):
    windows = WindowPyramid(8, 4, 8.0, 1)
    pictures = windows.images(minidet.tensor(rng.random((1, 3, 20, 24), dtype=np.float32)))
    numbers = np.array([21, 3, 3, 0])
    all_of_them = windows.crops(pictures, np.arange(26))
    np.testing.assert_array_equal(windows.crops(pictures, numbers), all_of_them[numbers])
    assert windows.crops(pictures, numbers[:0]).shape == (0, 3, 8, 8)


def test_a_stripe_of_one_pixel_is_halved_too():
    pictures = WindowPyramid(8, 4, 8.0, 1).images(minidet.zeros(1, 3, 1, 64))
    assert all(np.isfinite(x.numpy()).all() for x in pictures)
    assert len(pictures) == 4
