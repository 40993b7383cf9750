import numpy as np
import pytest

from minidet.data.transforms import PersonCrop


def test_by_hand():
    """A box of 4 x 2 pixels around (6, 5), twice as large: the pixels 2 to 10 and 1 to 9, at half the size."""
    image = np.arange(3 * 12 * 14, dtype=np.float32).reshape(3, 12, 14) / 1000
    target = {"boxes": np.array([[4, 4, 8, 6]], np.float32), "labels": np.array([1]),
              "keypoints": np.array([[[6, 5, 2], [2, 1, 1], [1.9, 5, 2], [10, 9, 2]]], np.float32)}  # fmt: skip
    small, moved = PersonCrop(8, margin=2)(image, target)
    np.testing.assert_allclose(small, image[:, 1:9, 2:10], atol=1e-6)
    assert moved["boxes"].tolist() == [[2, 3, 6, 5]]
    assert moved["keypoints"].tolist() == [[[4, 4, 2], [0, 0, 1], [0, 0, 0], [8, 8, 2]]]
    _, moved = PersonCrop(4, margin=2)(image, target)
    assert moved["boxes"].tolist() == [[1, 1.5, 3, 2.5]]


def test_beyond_the_image_is_the_fill():
    image = np.ones((3, 4, 4), np.float32)
    out, _ = PersonCrop(8, margin=2, fill=(0.25, 0.5, 0.75))(image, {"boxes": np.array([[0, 0, 4, 4]], np.float32)})
    np.testing.assert_allclose(out[:, 0, 0], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(out[:, 2:6, 2:6], 1)


@pytest.mark.parametrize(("boxes", "words"), [
    (np.zeros((0, 4)), "has 0 rows"), (np.ones((2, 4)), "has 2 rows"), (np.array([[3, 3, 3, 5.0]]), "is "),
    (np.array([[0, 0, np.nan, 5.0]]), "is "),
])  # fmt: skip
def test_one_box_with_an_area(boxes, words):
    with pytest.raises(ValueError, match=rf"PersonCrop: target\['boxes'\] {words}.*expected one box with an area"):
        PersonCrop(8)(np.ones((3, 4, 4), np.float32), {"boxes": boxes})
