"""The middle of a photograph, as classifiers are shown it: torchvision's Resize and CenterCrop."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image

from ...errors import bad_argument, integer
from .pictures import open_picture, rgb

LONGEST = 100  # a longer side in shorter sides: more is no photograph, and takes memory


def read_middle(op: str, argument: str, path: str | os.PathLike, resize: int = 256, crop: int = 224) -> np.ndarray:
    """Read a picture, make its shorter side ``resize`` pixels, and return its middle.

    The longer side becomes ``int(resize * longer / shorter)``; Pillow's bilinear filter averages over all pixels that
    one becomes of. Of an odd rest, the middle lies ``round(rest / 2)`` pixels from the upper and left border.

    Parameters
    ----------
    op, argument : str
        Who asks, and for what: for the error.
    path : path
    resize, crop : int
        With crop <= resize.

    Returns
    -------
    ndarray (3, crop, crop)
        RGB, float32, in [0, 1].
    """
    crop = integer(op, "crop", crop, 1)
    resize = integer(op, "resize", resize, crop)
    pixels = rgb(op, argument, open_picture(op, argument, path), path)  # (H, W, 3)
    height, width = pixels.shape[:2]
    shorter, longer = sorted((height, width))
    if longer > LONGEST * shorter:
        expected = f"a longer side of at most {LONGEST} shorter ones"
        raise bad_argument(op, argument, f"is {path}, of {width} x {height} pixels", expected)
    size = tuple(resize if side == shorter else int(resize * side / shorter) for side in (width, height))
    left, top = (round((side - crop) / 2) for side in size)
    box = (left, top, left + crop, top + crop)
    if pixels.dtype == np.uint8:
        small = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR).crop(box)
        return np.ascontiguousarray(np.asarray(small, np.float32).transpose(2, 0, 1)) / np.float32(255)
    planes = [Image.fromarray(np.ascontiguousarray(pixels[..., channel], np.float32)) for channel in range(3)]
    return np.stack([np.asarray(plane.resize(size, Image.Resampling.BILINEAR).crop(box)) for plane in planes])
