"""Cutting out a rectangle."""

from __future__ import annotations

from ...errors import number
from ...random import generator
from ..targets import check_fill, check_ignore_index, check_image, check_size
from .geometry import crop


class RandomCrop:
    """Cut out a rectangle at a random place; an image that is too small is padded, evenly on both sides.

    Parameters
    ----------
    size : int or (int, int)
        Height and width.
    fill : float or C floats
        The colour beyond the image.
    ignore_index : int
        The ``"semantic"`` label beyond the image; the type of the labels has to hold it.
    min_visible : float
        Objects of whose box less than this share is left are dropped.
    """

    def __init__(self, size, fill=0.0, ignore_index: int = -100, min_visible: float = 0.1):
        self.size = check_size("RandomCrop", size)
        self.fill = check_fill("RandomCrop", fill).ravel().tolist()
        self.ignore_index = check_ignore_index("RandomCrop", ignore_index)
        self.min_visible = number("RandomCrop", "min_visible", min_visible, 0.0, 1.0)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image = check_image("RandomCrop", image)
        places = generator(rng, "RandomCrop").random(2)
        spare = [have - want for have, want in zip(image.shape[1:], self.size, strict=True)]
        top, left = (int(place * (s + 1)) if s > 0 else s // 2 for place, s in zip(places, spare, strict=True))
        return crop(image, target, top, left, self.size, self.fill, self.ignore_index, self.min_visible)
