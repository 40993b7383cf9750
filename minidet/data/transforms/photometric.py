"""SSD's changes of colours: brightness, contrast, saturation, hue, and the channels' order."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument, number
from ...ops.color_spaces import hsv
from ...random import generator
from ..targets import LARGEST, check_image
from .color import mix


class RandomPhotometricDistort:
    """Change colours in five ways, each with probability ``p``; the target stays (SSD, section 2.2).

    ::

        brightness -- contrast, now or later -- saturation -- hue -- contrast -- channels in another order

    A factor is drawn between two numbers: brightness mixes with black, contrast with the image's mean grey, saturation
    with each pixel's grey; a hue is turned by a share of the circle. Results are clipped to [0, 1].

    Parameters
    ----------
    brightness, contrast, saturation : (float, float)
        Factors >= 0.
    hue : (float, float)
        In [-0.5, 0.5].
    p : float

    Notes
    -----
    torchvision's.
    """

    def __init__(self, brightness=(0.875, 1.125), contrast=(0.5, 1.5), saturation=(0.5, 1.5), hue=(-0.05, 0.05),
                 p: float = 0.5):  # fmt: skip
        factors = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        self.ends = {name: _ends(name, value, 0, LARGEST) for name, value in factors.items()}
        self.ends["hue"] = _ends("hue", hue, -0.5, 0.5)
        self.p = number("RandomPhotometricDistort", "p", p, 0, 1)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        op, rng = "RandomPhotometricDistort", generator(rng, "RandomPhotometricDistort")
        image = check_image(op, image)
        if image.shape[0] != 3:
            raise bad_argument(op, "image", f"has shape {image.shape}", "(3, H, W)", "grey is a mix of R, G, B")
        happens = dict(
            zip(("brightness", "contrast", "saturation", "hue", "channels"), rng.random(5) < self.p, strict=True)
        )
        factors = {name: np.float32(rng.uniform(*ends)) for name, ends in self.ends.items()}
        first = rng.random() < 0.5
        order = rng.permutation(3)
        for name in (
            "brightness",
            *(["contrast"] if first else []),
            "saturation",
            "hue",
            *([] if first else ["contrast"]),
        ):
            if happens[name]:
                image = turn_hue(image, factors[name]) if name == "hue" else mix(image, name, factors[name])
        return (np.ascontiguousarray(image[order]) if happens["channels"] else image), target


def turn_hue(image: np.ndarray, share: float) -> np.ndarray:
    """Turn the hue of an image (3, H, W) by a share of the circle: by 1 / 3, red becomes green."""
    hue, saturation, value = hsv(image)
    place = (np.array([5, 3, 1], np.float32)[:, None, None] + (hue + np.float32(share)) % 1 * 6) % 6  # (3, H, W)
    return value * (1 - saturation * np.clip(np.minimum(place, 4 - place), 0, 1))


def _ends(name: str, value, low: float, high: float) -> tuple[float, float]:
    """Return the two ends of an interval in [low, high], or raise."""
    ends = (
        [number("RandomPhotometricDistort", name, end, low, high) for end in value]
        if isinstance(value, (tuple, list))
        else []
    )
    if len(ends) != 2 or ends[0] > ends[1]:
        raise bad_argument("RandomPhotometricDistort", name, f"is {value!r:.60}", "two numbers, low <= high")
    return ends[0], ends[1]
