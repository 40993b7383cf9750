"""Ridge regression against numpy.linalg, and boxes that come back."""

import numpy as np
import pytest

from minidet.models.detection.rcnn import BoxRidge, fit_ridge
from minidet.models.detection.rcnn.bbox_ridge import CODER


@pytest.mark.parametrize(("count", "width"), [(30, 5), (5, 30), (1, 4)])
def test_closed_form_by_numpy(rng, count, width):
    x, t = rng.normal(size=(count, width)) + 3, rng.normal(size=(count, 4)) - 1
    weight, bias = fit_ridge(x, t, 2.5)
    # the same minimum by least squares: one row more for each weight, none for the bias
    rows = np.concatenate([np.c_[x, np.ones(count)], np.sqrt(2.5) * np.eye(width, width + 1)])
    expected = np.linalg.lstsq(rows, np.concatenate([t, np.zeros((width, 4))]), rcond=None)[0]
    np.testing.assert_allclose(weight, expected[:-1].T, atol=1e-10)
    np.testing.assert_allclose(bias, expected[-1], atol=1e-10)


def test_lambda_is_the_papers_and_matters(rng):
    x, t = rng.normal(size=(50, 3)), rng.normal(size=(50, 4))
    lengths = [np.linalg.norm(fit_ridge(x, t, ridge)[0]) for ridge in (0, 1, 100)]
    assert lengths[0] > lengths[1] > lengths[2] > 0
    np.testing.assert_array_equal(fit_ridge(x, t)[0], fit_ridge(x, t, 1000.0)[0])
    for ridge in (900.0, 1100.0):  # a neighbour is another solution: the test above can fail
        assert np.abs(fit_ridge(x, t)[0] - fit_ridge(x, t, ridge)[0]).max() > 1e-5


def test_without_pairs_a_region_stays_where_it_is(rng):
    weight, bias = fit_ridge(np.zeros((0, 6)), np.zeros((0, 4)))
    assert not weight.any()
    assert not bias.any()
    ridge = BoxRidge(6, 3)
    ridge.set_class(0, rng.normal(size=(4, 6)), rng.normal(size=4))
    ridge.set_class(1, weight, bias)
    proposals = np.float32([[3, 4, 20, 30], [-5, 0, 1, 2.5]])
    boxes = ridge.boxes(proposals, rng.normal(size=(2, 6)).astype(np.float32))
    assert boxes.shape == (2, 2, 4)
    np.testing.assert_allclose(boxes[:, 1], proposals, atol=1e-5)
    assert np.abs(boxes[:, 0] - proposals).max() > 0.1
    assert ridge.boxes(proposals[:0], np.zeros((0, 6), np.float32)).shape == (0, 2, 4)


def test_a_shift_that_features_tell_is_learnt(rng):
    """Regions are the objects' boxes, shifted by a share of their width that stands in the features."""
    corner, size = rng.uniform(0, 50, (200, 2)), rng.uniform(10, 40, (200, 2))
    objects = np.concatenate([corner, corner + size], 1)
    shift = rng.uniform(-0.2, 0.2, 200)
    regions = objects + np.stack([shift * size[:, 0], 0 * shift, shift * size[:, 0], 0 * shift], 1)
    features = np.stack([shift, rng.normal(size=200)], 1).astype(np.float32)
    ridge = BoxRidge(2, 2)
    ridge.scale._write_array()[...] = 100
    weight, bias = fit_ridge(features * 100, CODER.encode_single(objects, regions).numpy())
    ridge.set_class(0, weight, bias)
    found = ridge.boxes(regions.astype(np.float32), features)[:, 0]
    assert np.abs(found - objects).max() < 0.2 * np.abs(regions - objects).max()


def test_shapes_that_do_not_fit(rng):
    with pytest.raises(ValueError, match=r"fit_ridge: targets has shape \(3, 4\), expected \(2, 4\)"):
        fit_ridge(np.zeros((2, 5)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match="ridge is -1"):
        fit_ridge(np.zeros((2, 5)), np.zeros((2, 4)), -1)
