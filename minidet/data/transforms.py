"""Augmentation: random changes of an image together with its target.

Every transform is called as ``transform(image, target, rng)`` and returns a new image and a new target;
:mod:`minidet.data.geometry` says what a target may hold and how it moves. All random numbers come from ``rng``; without
one, from minidet's generator.
"""

from __future__ import annotations

import math
import numbers

import numpy as np

from ..errors import bad_argument, integers
from ..random import generator
from .geometry import check_image, crop, hflip, pad, resize, warp_affine


class Compose:
    """Apply transforms one after the other.

    Parameters
    ----------
    transforms : list of callable
    """

    def __init__(self, transforms):
        self.transforms = list(transforms)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        rng = generator(rng)
        for transform in self.transforms:
            image, target = transform(image, target, rng)
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
        self.p = _probability("RandomHorizontalFlip", "p", p)
        self.keypoint_pairs = list(keypoint_pairs)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        return hflip(image, target, self.keypoint_pairs) if generator(rng).random() < self.p else (image, target)


class RandomCrop:
    """Cut out a rectangle at a random place; an image that is too small is padded, evenly on both sides.

    Parameters
    ----------
    size : int or (int, int)
        Height and width.
    fill : float or C floats
        The colour beyond the image.
    ignore_index : int
        The ``"semantic"`` label beyond the image.
    min_visible : float
        Objects of whose box less than this share is left are dropped.
    """

    def __init__(self, size, fill=0.0, ignore_index: int = -100, min_visible: float = 0.1):
        self.size = integers("RandomCrop", "size", size, 2, 1)
        self.fill = fill
        self.ignore_index = ignore_index
        self.min_visible = _probability("RandomCrop", "min_visible", min_visible)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        places = generator(rng).random(2)
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
        self.size = integers("Resize", "size", size, 2, 1) if isinstance(size, (tuple, list)) else size
        if not isinstance(size, (tuple, list)):
            self.size = integers("Resize", "size", size, 1, 1)[0]

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        size = self.size
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
        self.scale = _interval("RandomScale", "scale", scale)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        factor = _log_uniform(generator(rng), self.scale)
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
        self.fill = fill
        self.ignore_index = ignore_index

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
        self.size = integers("RandomAffineCrop", "size", size, 2, 1)
        if not 0 <= degrees <= 180:
            raise bad_argument("RandomAffineCrop", "degrees", f"is {degrees!r}", "a number in [0, 180]")
        self.degrees = float(degrees)
        self.scale = _interval("RandomAffineCrop", "scale", scale)
        self.p = _probability("RandomAffineCrop", "p", p)
        self.keypoint_pairs = list(keypoint_pairs)
        self.fill = fill
        self.ignore_index = ignore_index
        self.min_visible = _probability("RandomAffineCrop", "min_visible", min_visible)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        rng = generator(rng)
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
        if not 0 <= degrees <= 180:
            raise bad_argument("RandomRotation", "degrees", f"is {degrees!r}", "a number in [0, 180]")
        self.degrees = float(degrees)
        self.fill = fill
        self.ignore_index = ignore_index
        self.min_visible = _probability("RandomRotation", "min_visible", min_visible)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        angle = math.radians(generator(rng).uniform(-self.degrees, self.degrees))
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
        self.amounts = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        for name, amount in self.amounts.items():
            if not isinstance(amount, numbers.Real) or not 0 <= amount < math.inf:
                raise bad_argument("ColorJitter", name, f"is {amount!r}", "a number >= 0")

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        rng = generator(rng)
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
        self.mean = np.asarray(mean, np.float32).reshape(-1, 1, 1)
        self.std = np.asarray(std, np.float32).reshape(-1, 1, 1)
        if not (self.std > 0).all():
            raise bad_argument("Normalize", "std", f"is {std!r}", "numbers > 0")

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        return (check_image("Normalize", image) - self.mean) / self.std, target


def _matrix(size, factor: float, angle: float, centre) -> np.ndarray:
    """Map new coordinates to old ones: the middle shows ``centre``, magnified and turned by ``angle``."""
    c, s = math.cos(angle) / factor, math.sin(angle) / factor
    turn = np.array([[c, -s], [s, c]])  # y points down
    middle = np.array([size[1] / 2, size[0] / 2])
    return np.column_stack([turn, np.asarray(centre) - turn @ middle])


def _log_uniform(rng: np.random.Generator, interval) -> float:
    low, high = interval
    return low * (high / low) ** rng.random()


def _probability(op: str, argument: str, value) -> float:
    if not isinstance(value, numbers.Real) or not 0 <= value <= 1:
        raise bad_argument(op, argument, f"is {value!r}", "a number in [0, 1]")
    return float(value)


def _interval(op: str, argument: str, value) -> tuple[float, float]:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not 0 < value[0] <= value[1] < math.inf:
        raise bad_argument(op, argument, f"is {value!r}", "two numbers, 0 < low <= high")
    return float(value[0]), float(value[1])
