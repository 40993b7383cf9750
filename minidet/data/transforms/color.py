"""Changing brightness, contrast and saturation."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument, number
from ...random import generator
from ..targets import LARGEST, check_image


class ColorJitter:
    """Change brightness, contrast and saturation, in random order; the target stays.

    Each is a number v, for a factor drawn from [max(0, 1 - v), 1 + v], as in torchvision: brightness mixes with black,
    contrast with the image's mean grey, saturation with each pixel's grey. Results are clipped to [0, 1].

    Parameters
    ----------
    brightness, contrast, saturation : float
    """

    def __init__(self, brightness: float = 0.0, contrast: float = 0.0, saturation: float = 0.0):
        amounts = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        self.amounts = {name: number("ColorJitter", name, amount, 0.0, LARGEST) for name, amount in amounts.items()}

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        rng = generator(rng, "ColorJitter")
        factors = {name: rng.uniform(max(0.0, 1 - v), 1 + v) for name, v in self.amounts.items()}
        order = [list(self.amounts)[i] for i in rng.permutation(3)]
        image = check_image("ColorJitter", image)
        if image.shape[0] != 3:
            raise bad_argument(
                "ColorJitter", "image", f"has shape {image.shape}", "(3, H, W)", "grey is a mix of R, G, B"
            )
        for name in order:
            if self.amounts[name]:
                image = mix(image, name, np.float32(factors[name]))
        return image, target


_GREY = np.array([0.2989, 0.587, 0.114], np.float32)  # what torchvision weighs R, G and B with


def mix(image: np.ndarray, name: str, factor: np.float32) -> np.ndarray:
    """Change brightness, contrast or saturation by a factor, and clip to [0, 1]; a new image."""
    mixed = image * factor
    if name != "brightness":
        grey = np.tensordot(_GREY, image, 1)  # (H, W)
        mixed += (1 - factor) * (grey.mean() if name == "contrast" else grey)
    return np.clip(mixed, 0, 1, out=mixed)
