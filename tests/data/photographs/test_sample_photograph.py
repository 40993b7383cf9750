"""The two photographs of scikit-learn."""

import numpy as np
import pytest

from minidet.data import sample_photograph
from minidet.data.photographs.sample_photograph import PHOTOGRAPHS


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_is_an_image(name):
    image = sample_photograph(name)
    assert image.shape == (3, 427, 640)
    assert image.dtype == np.float32
    assert image.min() == 0
    assert image.max() == 1
    assert 0.2 < image.mean() < 0.8


def test_made_smaller_each_pixel_is_the_mean_of_those_that_it_covers():
    whole, half = sample_photograph(scale=1), sample_photograph(scale=0.5)
    assert half.shape == (3, 214, 320)
    assert half.mean() == pytest.approx(whole.mean(), abs=3e-3)
    columns = whole.reshape(3, 427, 320, 2).mean(3)
    np.testing.assert_allclose(half.mean(1), columns.mean(1), atol=8e-3)  # two roundings to 8 bits


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="sample_photograph: name is 'cat', expected one of 'china', 'flower'"):
        sample_photograph("cat")
    with pytest.raises(ValueError, match=r"sample_photograph: scale is 1e-09, expected at least 0.0023"):
        sample_photograph(scale=1e-9)
