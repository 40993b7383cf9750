import numpy as np
import pytest

import minidet
from minidet.viz import as_picture, draw_boxes, draw_image
from minidet.viz.image import above, captions, rows_of

IMAGE = np.linspace(0, 1, 3 * 4 * 6, dtype=np.float32).reshape(3, 4, 6)


def test_as_picture():
    picture = as_picture(minidet.tensor(np.stack([np.full((2, 3), v, np.float32) for v in (-0.5, 0.5, 2.0)])))
    assert picture.shape == (2, 3, 3)
    assert picture.dtype == np.uint8
    assert picture[0, 0].tolist() == [0, 128, 255]


def test_pixels_cover_their_coordinates():
    ax = draw_image(IMAGE)
    (image,) = ax.images
    assert image.get_extent() == [0, 6, 4, 0]
    assert ax.get_xlim() == (0, 6)
    assert ax.get_ylim() == (4, 0)
    assert np.array_equal(image.get_array(), as_picture(IMAGE))


def test_new_axes_have_the_shape_of_the_image():
    width, height = draw_image(np.zeros((3, 50, 200), np.float32)).figure.get_size_inches()
    assert width / height == pytest.approx(4)


@pytest.mark.parametrize("image", [np.zeros((4, 6)), np.zeros((1, 4, 6)), np.zeros((4, 6, 3))])
def test_bad_images(image):
    with pytest.raises(ValueError, match=r"draw_image: image has shape .* expected \(3, H, W\)"):
        draw_image(image)


def test_without_image_there_must_be_axes():
    with pytest.raises(ValueError, match="draw_boxes: image is None, and so is ax"):
        draw_boxes(None, {"boxes": np.zeros((0, 4))})


def test_rows_of():
    assert rows_of("op", {"boxes": []}, "boxes", (4,)).shape == (0, 4)
    assert rows_of("op", {"masks": np.zeros((2, 3, 4))}, "masks", (None, None)).shape == (2, 3, 4)
    with pytest.raises(ValueError, match=r"op: target has the entries \['labels'\], expected a dict with 'boxes'"):
        rows_of("op", {"labels": [1]}, "boxes", (4,))
    with pytest.raises(ValueError, match="op: target is a ndarray"):
        rows_of("op", np.zeros((2, 4)), "boxes", (4,))
    with pytest.raises(ValueError, match=r"op: target\['boxes'\] has shape \(2, 5\), expected \(N, 4\)"):
        rows_of("op", {"boxes": np.zeros((2, 5))}, "boxes", (4,))


def test_captions():
    target = {"labels": np.array([1, 0]), "scores": minidet.tensor([0.987, 0.5])}
    assert captions("op", target, 2, ["dog", "cat"]) == ["cat 0.99", "dog 0.50"]
    assert captions("op", {"labels": [1, 0]}, 2, None) == ["1", "0"]
    assert captions("op", {}, 2, ["dog"]) == ["", ""]
    with pytest.raises(IndexError, match=r"op: target\['labels'\] contains 1, expected integers in \[0, 1\)"):
        captions("op", target, 2, ["dog"])
    with pytest.raises(ValueError, match=r"op: target\['labels'\] has length 2, expected 3"):
        captions("op", target, 3, None)


def test_above_puts_the_best_on_top():
    scores = {"scores": np.array([0.9, 0.2, 0.5])}
    assert above("op", scores, 3, 0.3) == [2, 0]
    assert above("op", {}, 3, 0.3) == [0, 1, 2]
    with pytest.raises(ValueError, match="op: threshold is nan"):
        above("op", scores, 3, float("nan"))
