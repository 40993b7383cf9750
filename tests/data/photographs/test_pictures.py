"""Pictures of every kind: upright, scaled by what their type can hold, or refused by name."""

import io
import os
import warnings

import numpy as np
import pytest
from PIL import Image

from minidet.data.photographs.pictures import open_picture, read_labels, read_rgb

#: What is stored for each orientation, so that the picture below is seen: the table of EXIF 2.32, in words
#: "row 0 is the visual ..., column 0 is the visual ...".
STORED = {
    1: lambda seen: seen,  # top, left
    2: lambda seen: seen[:, ::-1],  # top, right
    3: lambda seen: seen[::-1, ::-1],  # bottom, right
    4: lambda seen: seen[::-1],  # bottom, left
    5: lambda seen: seen.swapaxes(0, 1),  # left, top
    6: lambda seen: np.rot90(seen, 1),  # right, top: row 0 is the right side, from above downwards
    7: lambda seen: seen[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda seen: np.rot90(seen, -1),  # left, bottom
}
SEEN = (np.arange(24 * 16).reshape(24, 16) % 251).astype(np.uint8)


def save(path, pixels, mode=None, **options):
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.ascontiguousarray(pixels))
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def exif(orientation):
    note = Image.Exif()
    note[0x0112] = orientation
    return note


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_are_seen_upright(tmp_path, orientation, ending):
    options = {"lossless": True} if ending == "webp" else {}
    path = save(tmp_path / f"a.{ending}", STORED[orientation](SEEN), exif=exif(orientation), **options)
    read = read_rgb("predict", "image", path)
    np.testing.assert_array_equal((read * 255).round(), np.stack([SEEN] * 3))
    assert read.flags.c_contiguous
    if ending != "webp":
        np.testing.assert_array_equal(read_labels("CamVid", "labels", path), SEEN)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_orientations(tmp_path, orientation):
    seen = np.zeros((48, 32, 3), np.uint8)
    seen[:16, :16] = 255  # light in the upper left corner
    seen[:16, 16:, 0] = 255  # red in the upper right one
    path = save(tmp_path / "a.jpg", STORED[orientation](seen), exif=exif(orientation), quality=95)
    read = read_rgb("predict", "image", path)
    assert read.shape == (3, 48, 32)
    np.testing.assert_allclose(read.transpose(1, 2, 0)[::8, ::8][:, 1:3], (seen / 255)[::8, ::8][:, 1:3], atol=0.35)
    assert read[:, 4, 4].min() > 0.9
    assert read[0, 4, 28] > 0.8 > 0.2 > read[1, 4, 28]


def test_a_damaged_note_about_the_orientation_does_not_matter(tmp_path):
    for number, note in enumerate((b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0nonsense", exif(77).tobytes())):
        path = save(tmp_path / f"{number}.png", SEEN, exif=note)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of some of them
            read = read_rgb("predict", "image", path)
        np.testing.assert_array_equal((read[0] * 255).round(), SEEN)


def test_sixteen_bits_keep_their_grey_levels(tmp_path):
    grey = np.linspace(0, 65535, 24 * 16).astype(np.uint16).reshape(24, 16)
    for ending in ("png", "tif", "pgm"):
        read = read_rgb("predict", "image", save(tmp_path / f"a.{ending}", grey))
        np.testing.assert_array_equal(read, np.stack([grey.astype(np.float32) / np.float32(65535)] * 3))
        assert read.dtype == np.float32


def test_real_numbers(tmp_path, rng):
    values = rng.random((5, 7), np.float32)
    np.testing.assert_array_equal(read_rgb("predict", "image", save(tmp_path / "a.tif", values))[2], values)
    for bad in (values * 255, values - 1, np.full((5, 7), np.nan, np.float32), np.full((5, 7), np.inf, np.float32)):
        with pytest.raises(
            ValueError, match=r"predict: image is .*b\.tif, with real numbers from .*expected numbers in"
        ):
            read_rgb("predict", "image", save(tmp_path / "b.tif", bad))


def test_twelve_bits_and_thirty_two(tmp_path):
    words = bytes([0xFF, 0xFF, 0xFF, 0x00, 0x08, 0x00])  # 4095, 4095, 0, 2048, packed
    tags = {256: (3, 4), 257: (3, 1), 258: (3, 12), 259: (3, 1), 262: (3, 1), 273: (4, 8), 277: (3, 1), 278: (3, 1),
            279: (4, 6)}  # fmt: skip
    entries = b"".join(tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + (1).to_bytes(4, "little")
                       + value.to_bytes(4, "little") for tag, (kind, value) in tags.items())  # fmt: skip
    head = b"II*\0" + (14).to_bytes(4, "little") + words
    (tmp_path / "a.tif").write_bytes(head + len(tags).to_bytes(2, "little") + entries + bytes(4))
    read = read_rgb("predict", "image", tmp_path / "a.tif")
    np.testing.assert_allclose(read[0], [[1, 1, 0, 2048 / 4095]], atol=1e-7)
    with pytest.raises(ValueError, match=r"is .*b\.tif, with integers of 32 bits or a sign, expected 8 or 16 bits"):
        read_rgb("predict", "image", save(tmp_path / "b.tif", np.arange(6, dtype=np.int32).reshape(2, 3)))


def test_other_modes(tmp_path):
    colour = np.zeros((4, 6, 3), np.uint8)
    colour[:, :3] = 204, 102, 51
    for mode, ending in (("CMYK", "tif"), ("P", "png"), ("P", "gif"), ("RGBA", "png"), ("YCbCr", "tif")):
        read = read_rgb("predict", "image", save(tmp_path / f"{mode}.{ending}", colour, mode))
        np.testing.assert_allclose(read.transpose(1, 2, 0), colour / 255, atol=3 / 255)
    bits = np.array([[True, False, True]])
    read = read_rgb("predict", "image", save(tmp_path / "bits.png", bits))
    np.testing.assert_array_equal(read, np.stack([bits.astype(np.float32)] * 3))


def test_colours_that_pillow_cannot_turn_into_rgb(tmp_path, monkeypatch):
    def convert(picture, mode):
        raise ValueError("conversion from LAB to RGB not supported")

    path = save(tmp_path / "lab.tif", Image.new("LAB", (3, 2)))
    monkeypatch.setattr(Image.Image, "convert", convert)  # some versions can
    with pytest.raises(
        ValueError, match=r"image is .*lab\.tif, of mode LAB, expected grey or colours: conversion from"
    ):
        read_rgb("predict", "image", path)


def test_what_is_transparent_lies_on_white(tmp_path):
    for mode, clear, half, solid in (("LA", (0, 0), (0, 128), (0, 255)),
                                     ("RGBA", (9, 9, 9, 0), (0, 0, 0, 128), (0, 0, 0, 255))):  # fmt: skip
        picture = Image.new(mode, (3, 1))
        for x, value in enumerate((clear, half, solid)):
            picture.putpixel((x, 0), value)
        read = read_rgb("predict", "image", save(tmp_path / f"{mode}.png", picture))
        np.testing.assert_allclose(read[:, 0], [[1, 127 / 255, 0]] * 3, atol=1e-6)
    palette = Image.new("P", (2, 1))
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.putpixel((1, 0), 1)
    read = read_rgb("predict", "image", save(tmp_path / "p.png", palette, transparency=0))
    assert read[:, 0].T.tolist() == [[1, 1, 1], [1, 0, 0]]
    for number, grey in enumerate((np.array([[7, 9]], np.uint8), np.array([[7, 9]], np.uint16))):
        read = read_rgb("predict", "image", save(tmp_path / f"{number}.png", Image.fromarray(grey), transparency=7))
        assert (read[:, 0, 0] == 1).all()
        assert (read[:, 0, 1] < 0.1).all()


def test_labels_are_numbers_and_not_colours(tmp_path):
    labels = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8)
    for bits in (2, 4, 8):
        path = save(tmp_path / f"grey{bits}.png", labels, bits=bits)
        assert read_labels("CamVid", "labels", path).tolist() == labels.tolist()
    coloured = Image.fromarray(labels)
    coloured.putpalette([255 - i % 256 for i in range(768)])
    assert read_labels("CamVid", "labels", save(tmp_path / "p.png", coloured)).tolist() == labels.tolist()
    deep = labels.astype(np.uint16) * 1000
    assert read_labels("CamVid", "labels", save(tmp_path / "deep.png", deep)).tolist() == deep.tolist()
    mask = read_labels("CamVid", "labels", save(tmp_path / "mask.png", labels > 1))
    assert (mask.dtype, mask.tolist()) == (np.uint8, (labels > 1).astype(int).tolist())
    with pytest.raises(ValueError, match=r"CamVid: labels is .*rgb\.png, of mode RGB, expected one integer per pixel"):
        read_labels("CamVid", "labels", save(tmp_path / "rgb.png", labels, "RGB"))


def test_what_is_no_picture_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "empty.png").touch()
    for name in ("notes.txt", "empty.png"):
        with pytest.raises(ValueError, match=rf"predict: image is .*{name}, expected a picture that Pillow can read"):
            read_rgb("predict", "image", tmp_path / name)
    with pytest.raises(ValueError, match=r"predict: image is .*: this is a folder\."):
        read_rgb("predict", "image", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"predict: image is .*nowhere\.png, .*: there is no such file\."):
        read_rgb("predict", "image", tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match=r"predict: image is .*pipe, .*: this is a pipe\."):
        read_rgb("predict", "image", tmp_path / "pipe")
    with pytest.raises(ValueError, match="predict: image is a\0b"):
        read_rgb("predict", "image", "a\0b")
    for wrong in (None, 3, 2.5, [], object()):
        with pytest.raises(TypeError, match="predict: image is a .*, expected the path of a picture"):
            open_picture("predict", "image", wrong)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of some kinds of damage before it gives up
@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "tif", "bmp", "webp", "pgm", "ico", "jp2"])
def test_damaged_files_are_read_or_named_whatever_is_cut_or_changed(tmp_path, rng, kind):
    data, path = io.BytesIO(), tmp_path / f"broken.{kind}"
    try:
        Image.fromarray(SEEN).save(
            data, {"jpg": "JPEG", "tif": "TIFF", "pgm": "PPM", "jp2": "JPEG2000"}.get(kind, kind)
        )
    except (KeyError, OSError):
        pytest.skip("this Pillow does not write it")
    whole = data.getvalue()
    refused = []
    for number in range(60):
        broken = bytearray(whole[: rng.integers(1, len(whole))] if number % 2 else whole)
        for place in rng.integers(len(broken), size=3 if number % 2 == 0 else 0):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        try:
            assert read_rgb("predict", "image", path).ndim == 3
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 5
    assert all(message.startswith(f"predict: image is {path}") for message in refused)


def test_pictures_that_would_fill_the_memory(tmp_path, monkeypatch):
    path = save(tmp_path / "large.png", SEEN)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow refuses twice as many, and warns before
    with pytest.raises(ValueError, match=r"predict: image is .*large\.png, expected at most 100 pixels"):
        read_rgb("predict", "image", path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)
    with pytest.raises(ValueError, match=r"predict: image is .*large\.png, expected at most 300 pixels"):
        read_rgb("predict", "image", path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"large\.png, expected at most 300 pixels .*: it has 16 x 24\."):
            read_rgb("predict", "image", path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_rgb("predict", "image", path).shape == (3, 24, 16)
