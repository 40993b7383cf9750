"""Warped regions: where each pixel of a crop comes from."""

import numpy as np
import pytest
from scipy import ndimage

from minidet.models.detection.rcnn import warp


def test_a_box_of_the_crops_size_is_copied(rng):
    image = rng.random((3, 20, 30), dtype=np.float32)
    np.testing.assert_allclose(warp(image, [[4, 6, 12, 14]], 8, context=0)[0], image[:, 6:14, 4:12], atol=1e-6)


def test_context_is_in_the_crops_pixels(rng):
    """A box of 10 x 20 fills the inner 10 x 10 of 16 x 16: 3 pixels on each side are 3 columns, but 6 rows."""
    image = rng.random((3, 60, 40), dtype=np.float32)
    crop = warp(image, [[15, 20, 25, 40]], 16, context=3)[0]
    columns = image[:, :, 12:28]
    rows = (columns[:, 14:46:2] + columns[:, 15:46:2]) / 2  # two rows of the image in one of the crop
    np.testing.assert_allclose(crop, rows, atol=1e-6)
    with pytest.raises(AssertionError):  # the planted mistake: 3 pixels of the image
        np.testing.assert_allclose(crop, warp(image, [[12, 17, 28, 43]], 16, context=0)[0], atol=1e-3)


def test_agrees_with_scipy_inside_an_image(rng):
    image = rng.random((3, 40, 50))
    x1, y1, x2, y2 = 10.3, 12.7, 33.9, 25.2
    at = [low + (np.arange(12) + 0.5) / 12 * (high - low) - 0.5 for low, high in ((y1, y2), (x1, x2))]
    places = np.stack(np.meshgrid(*at, indexing="ij"))
    expected = np.stack([ndimage.map_coordinates(plane, places, order=1) for plane in image])
    np.testing.assert_allclose(warp(image, np.array([[x1, y1, x2, y2]]), 12, 0)[0], expected, atol=1e-12)


def test_beyond_the_image_is_the_mean_colour():
    image = np.ones((3, 16, 16), np.float32)
    crop = warp(image, [[-8, 0, 8, 16]], 16, 0, fill=(0.1, 0.2, 0.3))[0]
    np.testing.assert_allclose(crop[:, :, :8], np.float32([0.1, 0.2, 0.3]).reshape(3, 1, 1) * np.ones((3, 16, 8)))
    np.testing.assert_allclose(crop[:, :, 8:], 1)
    corner = warp(image, [[0, 0, 4, 4]], 12, 4, fill=(0.5, 0.5, 0.5))[0]  # context beyond the border
    np.testing.assert_allclose(corner[:, :4, :], 0.5)
    np.testing.assert_allclose(corner[:, 4:, 4:], 1)


@pytest.mark.parametrize("box", [[0, 0, 1, 1], [15, 15, 16, 16], [0, 0, 16, 1], [15.9999, 3, 16, 3.0001], [-90, -90, -80, -80],
                                 [0, 0, 1e6, 1e6], [3, 3, 3 + 1e-9, 4]])  # fmt: skip
def test_any_box_with_an_area_is_finite(rng, box):
    crop = warp(rng.random((3, 16, 16), dtype=np.float32), np.array([box]), 12, 3)
    assert crop.shape == (1, 3, 12, 12)
    assert crop.dtype == np.float32
    assert np.isfinite(crop).all()
    assert (crop >= 0).all()
    assert (crop <= 1).all()


def test_of_an_image_of_one_pixel_and_of_no_boxes():
    image = np.full((3, 1, 1), 0.7, np.float32)
    np.testing.assert_allclose(warp(image, [[0, 0, 1, 1]], 4, 0), 0.7)
    assert warp(image, np.zeros((0, 4)), 4, 0).shape == (0, 3, 4, 4)


def test_mistakes():
    image = np.zeros((3, 8, 8), np.float32)
    for box, words in (
        ([2, 2, 2, 5], "boxes with area"),
        ([5, 2, 2, 5], "boxes with area"),
        ([0, 0, np.nan, 1], "NaN"),
    ):
        with pytest.raises(ValueError, match=words):
            warp(image, [box], 8, 1)
    with pytest.raises(ValueError, match="context is 4, expected less than half of crop_size = 8"):
        warp(image, [[0, 0, 1, 1]], 8, 4)
    with pytest.raises(TypeError, match="warp: image"):
        warp(np.zeros((3, 8, 8), np.uint8), [[0, 0, 1, 1]], 8, 1)
