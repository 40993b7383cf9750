"""Mirroring."""

from __future__ import annotations

from ...errors import number
from ...random import generator
from ..targets import check_pairs
from .geometry import hflip, vflip


class RandomHorizontalFlip:
    """Mirror left and right with probability ``p``.

    Parameters
    ----------
    p : float
    keypoint_pairs : list of (int, int)
        Keypoints that change places, as left and right hand.
    """

    def __init__(self, p: float = 0.5, keypoint_pairs=()):
        self.p = number("RandomHorizontalFlip", "p", p, 0.0, 1.0)
        self.keypoint_pairs = check_pairs("RandomHorizontalFlip", keypoint_pairs)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        flipped = generator(rng, "RandomHorizontalFlip").random() < self.p
        return hflip(image, target, self.keypoint_pairs) if flipped else (image, target)


class RandomVerticalFlip:
    """Mirror top and bottom with probability ``p``: for pictures that have neither, as those through a microscope.

    Parameters
    ----------
    p : float
    keypoint_pairs : list of (int, int)
        Keypoints that change places, as left and right hand.
    """

    def __init__(self, p: float = 0.5, keypoint_pairs=()):
        self.p = number("RandomVerticalFlip", "p", p, 0.0, 1.0)
        self.keypoint_pairs = check_pairs("RandomVerticalFlip", keypoint_pairs)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        flipped = generator(rng, "RandomVerticalFlip").random() < self.p
        return vflip(image, target, self.keypoint_pairs) if flipped else (image, target)
