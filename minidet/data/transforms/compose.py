"""Transforms one after the other."""

from __future__ import annotations

from ...errors import bad_argument
from ...random import generator


class Compose:
    """Apply transforms one after the other.

    Parameters
    ----------
    transforms : list of callable
    """

    def __init__(self, transforms):
        try:
            self.transforms = list(transforms)
        except TypeError as error:
            was = f"is a {type(transforms).__name__}"
            raise bad_argument("Compose", "transforms", was, "a list of callables", error=TypeError) from error
        for transform in self.transforms:
            if not callable(transform):
                was = f"contains a {type(transform).__name__}"
                raise bad_argument("Compose", "transforms", was, "callables", error=TypeError)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        rng = generator(rng, "Compose")
        for transform in self.transforms:
            result = transform(image, target, rng)
            if not isinstance(result, (tuple, list)) or len(result) != 2:
                was = f"contains {transform!r}, which returned a {type(result).__name__}"
                raise bad_argument("Compose", "transforms", was, "transforms that return (image, target)")
            image, target = result
        return image, target
