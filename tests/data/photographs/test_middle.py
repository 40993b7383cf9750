"""What a classifier is shown: as torchvision's Resize and CenterCrop."""

import numpy as np
import pytest
from PIL import Image

from minidet.data.photographs.middle import read_middle


@pytest.fixture
def saved(tmp_path):
    def save(pixels, name="photo.png", **options):
        Image.fromarray(pixels).save(tmp_path / name, **options)
        return tmp_path / name

    return save


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def middle(path, *sizes):
    return read_middle("classify", "photo", path, *sizes)


@pytest.mark.parametrize(("shape", "size", "left", "top"), [
    ((300, 451), (384, 256), 80, 16),  # int(256 * 451 / 300) = 384
    ((451, 300), (256, 384), 16, 80),
    ((300, 300), (256, 256), 16, 16),
    ((100, 101), (258, 256), 17, 16),  # made larger
    ((64, 65), (260, 256), 18, 16),
    ((128, 129), (258, 256), 17, 16),
    ((4, 399), (25536, 256), 12656, 16),
])  # fmt: skip
def test_the_middle_of_every_shape(saved, shape, size, left, top):
    pixels = noise(*shape, 3)
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    wanted = small[top : top + 224, left : left + 224].transpose(2, 0, 1)
    got = middle(saved(pixels))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, wanted.astype(np.float32) / np.float32(255), strict=True)


def test_of_a_half_pixel_torchvision_takes_the_even_one(saved):
    pixels = noise(256, 257, 3)  # 33 columns are left over: round(16.5) is 16
    np.testing.assert_array_equal(middle(saved(pixels)) * np.float32(255), pixels[16:240, 16:240].transpose(2, 0, 1))
    pixels = noise(259, 256, 3)  # 35 rows: round(17.5) is 18
    np.testing.assert_array_equal(middle(saved(pixels)) * np.float32(255), pixels[18:242, 16:240].transpose(2, 0, 1))


def test_sizes_of_other_networks(saved):
    pixels = noise(40, 32, 3)
    np.testing.assert_array_equal(middle(saved(pixels), 32, 32) * np.float32(255), pixels[4:36].transpose(2, 0, 1))


def test_pictures_of_any_kind(saved):
    """Grey, deep grey, with transparency, on its side: one range, three channels, upright."""
    grey = noise(256, 256)
    wanted = np.broadcast_to(grey[16:240, 16:240], (3, 224, 224)) / np.float32(255)
    np.testing.assert_array_equal(middle(saved(grey)), wanted)
    deep = middle(saved(grey.astype(np.uint16) * 257))
    assert deep.dtype == np.float32
    np.testing.assert_allclose(deep, wanted, atol=1e-6)
    assert (middle(saved(np.zeros((9, 9, 4), np.uint8))) == 1).all()  # nothing but the page below
    upright = noise(256, 300, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    turned = saved(np.ascontiguousarray(np.rot90(upright)), "turned.png", exif=exif)
    np.testing.assert_array_equal(middle(turned), middle(saved(upright)))


def test_a_picture_that_is_a_line_is_no_photograph(saved):
    with pytest.raises(
        ValueError, match="classify: photo is .*, of 201 x 2 pixels, expected a longer side of at most 100"
    ):
        middle(saved(noise(2, 201, 3)))


def test_bad_arguments(tmp_path):
    with pytest.raises(FileNotFoundError, match="classify: photo is .*, expected a picture"):
        middle(tmp_path / "none.png")
    with pytest.raises(ValueError, match="classify: resize is 100, expected an integer >= 224"):
        middle(tmp_path / "none.png", 100)
    with pytest.raises(ValueError, match="classify: crop is 0"):
        middle(tmp_path / "none.png", 100, 0)
