"""How pictures and their boxes are changed for a detector: to the size that is asked for; at random, for training."""

from __future__ import annotations

from ...data.transforms import (
    ColorJitter,
    RandomAffineCrop,
    RandomHorizontalFlip,
    RandomIoUCrop,
    RandomPhotometricDistort,
    RandomScale,
    RandomVerticalFlip,
    RandomZoomOut,
    Resize,
)
from ...errors import bad_argument

COLOUR = (0.485, 0.456, 0.406)  # of a canvas around a picture: the mean of ImageNet's
LEAST_VISIBLE = 0.3  # of an object that is cut by a window; what is left of less is background


def sized(options) -> list:
    """Return what stretches pictures as the options say, for training as well as to be looked at."""
    size = options.min_size if options.size is None else options.size
    return [] if size is None else [Resize(size)]


def varied(options, scene: tuple[int, int] | None = None) -> list:
    """Return what changes pictures at random for training; they come out in the size that the options say.

    Parameters
    ----------
    options : Detection.Options
    scene : (int, int), optional
        The size of generated scenes, which are varied as they are, and never mirrored.
    """
    if options.augmentation == "ssd":
        return ssd(options, options.size if scene is None else scene, options.flip if scene is None else 0.0)
    if scene is not None:
        return []
    if options.size is not None:
        place = [Resize(options.size), RandomAffineCrop(options.size, scale=options.scale, p=options.flip,
                                                        min_visible=LEAST_VISIBLE)]  # fmt: skip
    else:
        place = [*sized(options), RandomScale(options.scale), RandomHorizontalFlip(options.flip)]
    if options.vertical_flip:
        place.append(RandomVerticalFlip(options.vertical_flip))
    return [*place, ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2)]


def ssd(options, size: tuple[int, int] | None, flip: float) -> list:
    """Return SSD's changes (its sections 2.2 and 3.6): colours, a canvas, a window, mirroring."""
    if size is None:
        why = "windows have all shapes, and are stretched to one"
        raise bad_argument("train", "augmentation", "is ssd without a size", "a size", why)
    canvas = RandomZoomOut(COLOUR, (1.0, options.zoom_out))
    return [RandomPhotometricDistort(), canvas, RandomIoUCrop(), Resize(size), RandomHorizontalFlip(flip)]
