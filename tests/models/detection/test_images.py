"""Sizes, batches and padding; boxes go back to the image."""

import numpy as np
import pytest

import minidet
from minidet.models.detection.contract import back_to_image
from minidet.models.detection.images import make_batches, padded, read_images, resized

COLOUR = (0.5, 0.25, 0.0)


def images_of(*sizes):
    return read_images("test", [np.full((3, *size), 0.75, np.float32) for size in sizes])


def test_images_of_one_size_are_a_batch_in_evaluation():
    batches = make_batches(images_of((8, 9), (5, 5), (8, 9)), COLOUR, together=False)
    assert [batch.numbers for batch in batches] == [[0, 2], [1]]
    assert [batch.images.shape for batch in batches] == [(2, 3, 8, 9), (1, 3, 5, 5)]
    assert all(np.all(batch.images.numpy() == 0.75) for batch in batches)


def test_all_images_are_a_batch_in_training():
    (batch,) = make_batches(images_of((8, 9), (5, 11)), COLOUR, together=True)
    assert batch.images.shape == (2, 3, 8, 11)
    assert batch.sizes == batch.given == [(8, 9), (5, 11)]
    np.testing.assert_allclose(
        batch.images.numpy()[1, :, 5:], np.broadcast_to(np.reshape(COLOUR, (3, 1, 1)), (3, 3, 11))
    )
    np.testing.assert_allclose(batch.images.numpy()[0, :, :, 9:].mean((1, 2)), COLOUR)
    np.testing.assert_allclose(batch.images.numpy()[1, :, :5], 0.75)


def test_padding_lets_gradients_through():
    small, large = minidet.zeros(3, 2, 2, requires_grad=True), minidet.zeros(3, 4, 3)
    padded([small, large], COLOUR).sum().backward()
    assert (small.grad.numpy() == 1).all()


@pytest.mark.parametrize(
    ("size", "min_size", "max_size", "expected"),
    [
        ((60, 100), None, None, (60, 100)),
        ((60, 100), 120, None, (120, 200)),
        ((60, 100), 120, 150, (90, 150)),
        ((100, 60), 30, None, (50, 30)),
        ((60, 100), None, 50, (30, 50)),
        ((60, 100), None, 500, (60, 100)),
        ((1, 100), None, 10, (1, 10)),
        ((375, 500), 600, 1000, (600, 800)),
        ((333, 500), 600, 1000, (600, 900)),
    ],
)
def test_sizes_of_scaled_images(size, min_size, max_size, expected):
    image = minidet.tensor(np.full((3, *size), 0.5, np.float32))
    found = resized(image, min_size, max_size)
    assert found.shape == (3, *expected)
    np.testing.assert_allclose(found.numpy(), 0.5, rtol=1e-6)


def test_boxes_there_and_back():
    (batch,) = make_batches(images_of((40, 30)), COLOUR, together=True, min_size=60)
    assert batch.sizes == [(80, 60)]
    box = np.array([[3, 4, 15, 20]], np.float32)
    np.testing.assert_allclose(box * batch.scale(0), [[6, 8, 30, 40]])
    found = back_to_image({"boxes": minidet.tensor(np.float32([[6, 8, 60.1, 80.2]]))}, batch, 0)
    np.testing.assert_allclose(found["boxes"].numpy(), [[3, 4, 30, 40]])


def test_one_dtype():
    with pytest.raises(TypeError, match="dtype"):
        read_images("test", [np.zeros((3, 4, 4), np.float32), np.zeros((3, 4, 4))])
    assert read_images("test", np.zeros((2, 3, 4, 4)))[1].dtype == np.float64
    with pytest.raises(ValueError, match="images has shape"):
        read_images("test", np.zeros((0, 3, 4, 4)))
