"""Stretching, to a size or by a factor."""

from __future__ import annotations

import numpy as np

from ...random import generator
from ..targets import check_image, check_interval, check_size
from .geometry import resize


class Resize:
    """Stretch to a fixed size.

    Parameters
    ----------
    size : int or (int, int)
        Height and width; one number is the length of the shorter side, and the proportions are kept.
    """

    def __init__(self, size):
        both = check_size("Resize", size)
        self.size = both if isinstance(size, (tuple, list)) else both[0]

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image, size = check_image("Resize", image), self.size
        if isinstance(size, int):
            h, w = image.shape[1:]
            size = (size, int(size * w / h)) if h <= w else (int(size * h / w), size)
        return resize(image, target, size)


class RandomScale:
    """Resize by a random factor, drawn so that halving is as likely as doubling. :class:`RandomCrop` may follow.

    Parameters
    ----------
    scale : (float, float)
        Smallest and largest factor.
    """

    def __init__(self, scale=(0.75, 1.33)):
        self.scale = check_interval("RandomScale", "scale", scale)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image = check_image("RandomScale", image)
        factor = log_uniform(generator(rng, "RandomScale"), self.scale)
        return resize(image, target, tuple(max(1, round(side * factor)) for side in image.shape[1:]))


def log_uniform(rng: np.random.Generator, interval) -> float:
    """Draw a factor from an interval so that halving is as likely as doubling."""
    low, high = interval
    return low * (high / low) ** rng.random()
