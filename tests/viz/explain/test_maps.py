"""Arrays as pictures."""

import numpy as np

from minidet.viz.explain import features_picture, heat, strength_picture
from minidet.viz.explain.maps import smaller


def test_heat_runs_from_the_least_to_the_largest_value():
    pixels = heat(np.array([[0.0, 1], [2, np.nan]]))
    assert (pixels.shape, pixels.dtype) == ((2, 2, 4), np.uint8)
    assert pixels[0, 0, :3].sum() < pixels[0, 1, :3].sum() < pixels[1, 0, :3].sum()  # viridis grows lighter
    assert pixels[..., 3].tolist() == [[255, 255], [255, 0]]
    assert (heat(np.full((3, 3), 7.0)) == heat(np.zeros((3, 3)))).all()


def test_large_arrays_are_averaged_also_at_the_rim():
    values = np.arange(35.0).reshape(1, 5, 7)
    expected = [[[values[0, r : r + 3, c : c + 3].mean() for c in (0, 3, 6)] for r in (0, 3)]]
    np.testing.assert_allclose(smaller(values, 3), expected)
    assert smaller(values, 7) is values


def test_strength_is_where_any_channel_is_far_from_0():
    maps = np.zeros((2, 4, 4))
    maps[0, 1, 2], maps[1, 3, 0] = -5, 5
    pixels = strength_picture(maps)
    light = pixels[..., :3].sum(-1)
    assert (light == light.max()).nonzero()[0].tolist() == [1, 3]


def test_features_are_tiles_on_nothing():
    pixels, shown = features_picture(np.random.default_rng(0).normal(size=(30, 8, 8)))
    assert shown == 12
    clear = pixels[..., 3] == 0
    assert 0 < clear.mean() < 0.3
    assert features_picture(np.zeros((1, 1, 3)))[1] == 1
