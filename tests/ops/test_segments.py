"""Felzenszwalb's segments: by hand, and as scikit-image cuts."""

import numpy as np
import pytest

from minidet import ops


def test_two_halves():
    image = np.zeros((3, 6, 8), np.float32)
    image[:, :, 5:] = [[[1.0]], [[0.5]], [[0.0]]]
    labels = ops.felzenszwalb(image, 1, 0, 0).numpy()
    assert labels.dtype == np.int64
    assert (labels == np.where(np.arange(8) < 5, 0, 1)).all()
    assert not ops.felzenszwalb(image, 1, 0, 19).numpy().any()  # the right half has 18 pixels


def test_without_scale_equal_pixels_are_joined():
    """A weight that is exactly the bound joins, as in the paper."""
    image = np.tile(np.array([0, 0, 0.5, 0.5, 0], np.float32), (3, 2, 1))
    assert ops.felzenszwalb(image, 0, 0, 0).numpy().tolist() == [[0, 0, 1, 1, 2]] * 2


@pytest.mark.parametrize("options", [(100, 0.8, 20), (300, 0.5, 5), (20, 1.5, 0)])
def test_agrees_with_scikit_image(rng, options):
    segmentation = pytest.importorskip("skimage.segmentation")
    image = rng.random((3, 40, 55)) * 0.2 + np.indices((40, 55)).sum(0) // 20 / 5
    expected = segmentation.felzenszwalb(image.transpose(1, 2, 0), *options)
    np.testing.assert_array_equal(ops.felzenszwalb(image, *options).numpy(), expected)
    assert expected.max() > 2
