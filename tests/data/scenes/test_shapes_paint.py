"""Paint: its range, its scale, and that it joins seamlessly."""

import numpy as np
import pytest

from minidet.data.scenes import shapes_paint
from minidet.data.scenes.shapes_paint import PATTERNS, choose_colour, light, muted, paint, smooth_noise

WHOLE = slice(0, 96)


def test_a_later_colour_is_easy_to_tell_from_the_earlier_ones(rng):
    nearest, by_chance = [], []
    for _ in range(200):
        used = []
        for _ in range(5):
            choose_colour(rng, used)
        apart = np.abs(np.array(used)[:, None] - used).sum(2) + 9 * np.eye(5)
        nearest.append(apart.min())
        drawn = muted(rng, 5, 3)
        by_chance.append((np.abs(drawn[:, None] - drawn).sum(2) + 9 * np.eye(5)).min())
    assert len(used) == 5
    assert np.median(nearest) > 1.5 * np.median(by_chance)
    assert used[0].dtype == np.float32
    assert 0 < np.min(used) < np.max(used) < 1


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_mix_from_0_to_1(rng, name):
    y, x = np.arange(96, dtype=np.float32)[:, None], np.arange(96, dtype=np.float32)
    mixed = shapes_paint._pattern(rng, name, y, x, 12.0, [0.2, 0.3, 0.4])
    assert (mixed.shape, mixed.dtype) == ((96, 96), np.float32)
    assert mixed.min() >= 0
    assert mixed.max() <= 1
    if name == "plain":
        assert not mixed.any()
    else:
        assert mixed.min() < 0.1
        assert mixed.max() > 0.9
        assert 0.1 < mixed.mean() < 0.75


@pytest.mark.parametrize(("name", "period"), [("stripes", 8.0), ("stripes", 16.0), ("checks", 16.0), ("dots", 12.0)])
def test_the_period_is_in_pixels(rng, name, period):
    """Turned by nothing, the pattern repeats after one period along x."""
    y, x = np.arange(96, dtype=np.float32)[:, None], np.arange(96, dtype=np.float32)
    mixed = shapes_paint._pattern(rng, name, y, x, period, [0.0, 0.1, 0.6])
    step = int(period)
    np.testing.assert_allclose(mixed[:, step:], mixed[:, :-step], atol=1e-3)
    assert np.abs(mixed[:, step // 2 :] - mixed[:, : -(step // 2)]).max() > 0.9


def test_borders_in_a_pattern_are_about_one_pixel_soft(rng):
    y, x = np.zeros((1, 1), np.float32), np.arange(0, 40, 0.01, dtype=np.float32)
    mixed = shapes_paint._pattern(rng, "stripes", y, x, 20.0, [0.0, 0.0, 0.0])[0]
    rising = np.flatnonzero((mixed > 0) & (mixed < 1) & (x < 5)) * 0.01
    assert 0.4 < np.ptp(rising) < 1.1  # half of the border: the pattern starts in the middle of one


def test_every_pattern_is_drawn(rng, monkeypatch):
    names = []
    pattern = shapes_paint._pattern
    monkeypatch.setattr(
        shapes_paint, "_pattern", lambda rng, name, *rest: names.append(name) or pattern(rng, name, *rest)
    )
    for _ in range(300):
        paint(rng, np.full(3, 0.5, np.float32), slice(5, 15), slice(20, 40), 96)
    assert all(names.count(name) > 35 for name in PATTERNS)


def test_paint_keeps_near_its_colour(rng):
    for _ in range(100):
        painted = paint(rng, np.float32([0.2, 0.5, 0.8]), slice(10, 40), slice(30, 80), 96)
        assert (painted.shape, painted.dtype) == ((3, 30, 50), np.float32)
        assert -0.6 < painted.min() <= painted.max() < 1.6
    many = [paint(rng, np.float32([0.2, 0.5, 0.8]), WHOLE, WHOLE, 96).mean((1, 2)) for _ in range(200)]
    red, green, blue = np.mean(many, 0)
    assert red < green - 0.1 < blue - 0.2


def test_patterns_grow_with_the_picture():
    """The same random numbers on twice the side: every pattern is twice as coarse."""
    colour = np.full(3, 0.5, np.float32)
    for seed in range(40):
        small = paint(np.random.default_rng(seed), colour, WHOLE, WHOLE, 96)
        large = paint(np.random.default_rng(seed), colour, slice(0, 192), slice(0, 192), 192)
        shrunk = large.reshape(3, 96, 2, 96, 2).mean((2, 4))
        assert np.abs(shrunk - small).mean() < 0.06


def test_smooth_noise_is_smooth_and_has_its_deviation(rng):
    noise = np.stack([smooth_noise(rng, 40, 60, 8.0) for _ in range(300)])
    assert noise.shape == (300, 40, 60)
    assert abs(noise.mean()) < 0.02
    assert 0.2 < noise.std() < 0.4  # 0.4 at the points, less between them
    assert np.abs(np.diff(noise, axis=2)).max() < 0.5


def test_light_differs_slowly_from_place_to_place(rng):
    fields = np.stack([light(rng, 64, 96) for _ in range(200)])
    assert fields.shape == (200, 64, 96)
    assert 0.4 < fields.min() < fields.max() < 1.4
    assert fields.std((1, 2)).mean() > 0.05
    assert np.abs(np.diff(fields, axis=1)).max() < 0.05
