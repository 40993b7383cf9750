"""SSD's changes of colours."""

import colorsys

import numpy as np

import minidet.data.transforms as T
from minidet.data.transforms.photometric import turn_hue

SAME = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}


def test_hue_turns_as_python_says(rng):
    image = rng.random((3, 6, 7)).astype(np.float32)
    image[:, 0, 0], image[:, 0, 1] = 0.5, (1, 0, 0)
    for share in (0.0, 1 / 3, -0.2, 0.5):
        expected = np.empty_like(image)
        for i, j in np.ndindex(6, 7):
            hue, saturation, value = colorsys.rgb_to_hsv(*map(float, image[:, i, j]))
            expected[:, i, j] = colorsys.hsv_to_rgb((hue + share) % 1, saturation, value)
        np.testing.assert_allclose(turn_hue(image, share), expected, atol=1e-5)


def test_only_channels_change_places_where_every_factor_is_one(rng):
    image = rng.random((3, 4, 5)).astype(np.float32)
    seen = set()
    for _ in range(60):
        out, _ = T.RandomPhotometricDistort(**SAME, p=1)(image, {}, rng)
        order = [int(np.abs(image - plane).sum((1, 2)).argmin()) for plane in out]
        np.testing.assert_allclose(out, image[order], atol=1e-5)
        seen.add(tuple(order))
    assert len(seen) == 6
    assert T.RandomPhotometricDistort(p=0)(image, {}, rng)[0] is image


def test_contrast_comes_before_saturation_or_last(rng):
    image = rng.random((3, 4, 5)).astype(np.float32)
    image[0] = 1  # is clipped, so that the order matters
    options = {"brightness": (1, 1), "contrast": (1.5, 1.5), "saturation": (1.5, 1.5), "hue": (0.25, 0.25)}
    seen = set()
    for _ in range(20):
        out, _ = T.RandomPhotometricDistort(**options, p=1)(image, {}, rng)
        assert 0 <= out.min() <= out.max() <= 1
        seen.add(np.sort(out.mean((1, 2))).round(5).tobytes())
    assert len(seen) == 2


def test_each_happens_with_its_probability(rng):
    image = np.full((3, 2, 2), 0.5, np.float32)
    options = {**SAME, "brightness": (0.5, 0.5)}
    darker = [T.RandomPhotometricDistort(**options, p=0.25)(image, {}, rng)[0][0, 0, 0] == 0.25 for _ in range(400)]
    assert 0.18 < np.mean(darker) < 0.32
