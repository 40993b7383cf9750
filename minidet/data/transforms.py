"""Augmentation: random changes of an image together with its target.

Every transform is called as ``transform(image, target, rng)`` and returns a new image and a new target;
:mod:`minidet.data.geometry` says what a target may hold and how it moves. All random numbers come from ``rng``; without
one, from minidet's generator.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, integers, number
from ..random import generator
from .geometry import crop, hflip, pad, resize, warp_affine
from .targets import (
    LARGEST,
    check_fill,
    check_ignore_index,
    check_image,
    check_interval,
    check_pairs,
    check_size,
)


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
        factor = _log_uniform(generator(rng, "RandomScale"), self.scale)
        return resize(image, target, tuple(max(1, round(side * factor)) for side in image.shape[1:]))


class Pad:
    """Add a border.

    Parameters
    ----------
    padding : int, (int, int) or (int, int, int, int)
        All sides; left/right and top/bottom; or left, top, right, bottom.
    fill : float or C floats
    ignore_index : int
        The ``"semantic"`` label of the border.
    """

    def __init__(self, padding, fill=0.0, ignore_index: int = -100):
        length = len(padding) if isinstance(padding, (tuple, list)) else 1
        if length not in (1, 2, 4):
            raise bad_argument("Pad", "padding", f"is {padding!r}", "1, 2 or 4 integers")
        padding = integers("Pad", "padding", padding, length)
        self.padding = padding * (4 // length)
        self.fill = check_fill("Pad", fill).ravel().tolist()
        self.ignore_index = check_ignore_index("Pad", ignore_index)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        return pad(image, target, self.padding, self.fill, self.ignore_index)


class RandomAffineCrop:
    """Scale, turn, flip and crop at random, with one interpolation for all four.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the result.
    degrees : float
        Turn by an angle in [-degrees, degrees].
    scale : (float, float)
        Magnify by a factor between these, drawn so that halving is as likely as doubling.
    p : float
        Probability of a horizontal flip.
    keypoint_pairs : list of (int, int)
        Keypoints that change places in a flip.
    fill, ignore_index, min_visible
        As for :class:`RandomCrop`.

    Notes
    -----
    The crop lies inside the image along every axis along which the magnified image is large enough, before turning.
    """

    def __init__(
        self,
        size,
        degrees: float = 0.0,
        scale=(1.0, 1.0),
        p: float = 0.5,
        keypoint_pairs=(),
        fill=0.0,
        ignore_index: int = -100,
        min_visible: float = 0.1,
    ):
        """Check the options; scale, angle, flip and place are drawn anew at each call."""
        self.size = check_size("RandomAffineCrop", size)
        self.degrees = number("RandomAffineCrop", "degrees", degrees, 0.0, 180.0)
        self.scale = check_interval("RandomAffineCrop", "scale", scale)
        self.p = number("RandomAffineCrop", "p", p, 0.0, 1.0)
        self.keypoint_pairs = check_pairs("RandomAffineCrop", keypoint_pairs)
        self.fill = check_fill("RandomAffineCrop", fill).ravel().tolist()
        self.ignore_index = check_ignore_index("RandomAffineCrop", ignore_index)
        self.min_visible = number("RandomAffineCrop", "min_visible", min_visible, 0.0, 1.0)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image, rng = check_image("RandomAffineCrop", image), generator(rng, "RandomAffineCrop")
        factor = _log_uniform(rng, self.scale)
        angle = math.radians(rng.uniform(-self.degrees, self.degrees))
        flipped = rng.random() < self.p
        centre = []
        for have, want, place in zip(image.shape[:0:-1], self.size[::-1], rng.random(2), strict=True):  # x, then y
            low, high = sorted((want / factor / 2, have - want / factor / 2))
            centre.append(low + (high - low) * place)
        matrix = _matrix(self.size, factor, angle, centre)
        image, target = warp_affine(image, target, matrix, self.size, self.fill, self.ignore_index, self.min_visible)
        return hflip(image, target, self.keypoint_pairs) if flipped else (image, target)


class RandomRotation:
    """Turn about the middle by an angle in [-degrees, degrees]; the size stays.

    Parameters
    ----------
    degrees : float
    fill, ignore_index, min_visible
        As for :class:`RandomCrop`.
    """

    def __init__(self, degrees: float, fill=0.0, ignore_index: int = -100, min_visible: float = 0.1):
        self.degrees = number("RandomRotation", "degrees", degrees, 0.0, 180.0)
        self.fill = check_fill("RandomRotation", fill).ravel().tolist()
        self.ignore_index = check_ignore_index("RandomRotation", ignore_index)
        self.min_visible = number("RandomRotation", "min_visible", min_visible, 0.0, 1.0)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image, rng = check_image("RandomRotation", image), generator(rng, "RandomRotation")
        angle = math.radians(rng.uniform(-self.degrees, self.degrees))
        size = image.shape[1:]
        matrix = _matrix(size, 1.0, angle, (size[1] / 2, size[0] / 2))
        return warp_affine(image, target, matrix, size, self.fill, self.ignore_index, self.min_visible)


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
                image = _mix(image, name, np.float32(factors[name]))
        return image, target


_GREY = np.array([0.2989, 0.587, 0.114], np.float32)  # what torchvision weighs R, G and B with


def _mix(image: np.ndarray, name: str, factor: np.float32) -> np.ndarray:
    mixed = image * factor
    if name != "brightness":
        grey = np.tensordot(_GREY, image, 1)  # (H, W)
        mixed += (1 - factor) * (grey.mean() if name == "contrast" else grey)
    return np.clip(mixed, 0, 1, out=mixed)


class Normalize:
    """Subtract ``mean`` and divide by ``std``, per channel. Models here do that inside: images stay in [0, 1].

    Parameters
    ----------
    mean, std : C floats
    """

    def __init__(self, mean, std):
        self.mean, self.std = self._row("mean", mean), self._row("std", std)
        if not (self.std > 0).all():
            raise bad_argument("Normalize", "std", f"is {std!r}", "numbers > 0")
        if len({len(self.mean), len(self.std), 1}) > 2:
            was = f"has {len(self.std)} numbers"
            raise bad_argument("Normalize", "std", was, f"{len(self.mean)}, one for each channel, as mean has")

    @staticmethod
    def _row(argument: str, values) -> np.ndarray:
        """Return one number per channel as float32 (C, 1, 1)."""
        array = as_array("Normalize", argument, values, "iuf")
        with np.errstate(over="ignore"):
            row = array.astype(np.float32).reshape(-1, 1, 1)
        if array.ndim > 1 or not len(row) or not np.isfinite(row).all():
            raise bad_argument("Normalize", argument, f"is {values!r}", "one finite number for each channel")
        return row

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image = check_image("Normalize", image)
        for argument, row in (("mean", self.mean), ("std", self.std)):
            if len(row) not in (1, len(image)):
                why = f"{argument} has one for each of {len(row)}"
                raise bad_argument("Normalize", "image", f"has {len(image)} channels", f"{len(row)}", why)
        return (image - self.mean) / self.std, target


def _matrix(size, factor: float, angle: float, centre) -> np.ndarray:
    """Map new coordinates to old ones: the middle shows ``centre``, magnified and turned by ``angle``."""
    c, s = math.cos(angle) / factor, math.sin(angle) / factor
    turn = np.array([[c, -s], [s, c]])  # y points down
    middle = np.array([size[1] / 2, size[0] / 2])
    return np.column_stack([turn, np.asarray(centre) - turn @ middle])


def _log_uniform(rng: np.random.Generator, interval) -> float:
    low, high = interval
    return low * (high / low) ** rng.random()
