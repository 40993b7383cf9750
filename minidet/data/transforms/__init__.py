"""Augmentation: random changes of an image together with its target.

Every transform is called as ``transform(image, target, rng)`` and returns a new image and a new target;
:mod:`minidet.data.transforms.geometry` says what a target may hold and how it moves. All random numbers come from
``rng``; without one, from minidet's generator.
"""

from .affine import RandomAffineCrop, RandomRotation
from .color import ColorJitter
from .compose import Compose
from .crop import RandomCrop
from .flip import RandomHorizontalFlip, RandomVerticalFlip
from .iou_crop import RandomIoUCrop, RandomZoomOut
from .normalize import Normalize
from .pad import Pad
from .person import PersonCrop
from .photometric import RandomPhotometricDistort
from .resize import RandomScale, Resize

__all__ = [
    "ColorJitter",
    "Compose",
    "Normalize",
    "Pad",
    "PersonCrop",
    "RandomAffineCrop",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomIoUCrop",
    "RandomPhotometricDistort",
    "RandomRotation",
    "RandomScale",
    "RandomVerticalFlip",
    "RandomZoomOut",
    "Resize",
]
