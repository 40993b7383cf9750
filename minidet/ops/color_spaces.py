"""RGB in other coordinates, each scaled to [0, 1]: in one a shadow disappears, in another it is all that is seen."""

from __future__ import annotations

import numpy as np

#: Linear sRGB -> X, Y, Z of the white D65, over the white's own (IEC 61966-2-1).
TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
TO_XYZ = (TO_XYZ / TO_XYZ.sum(1, keepdims=True)).astype(np.float32)
#: How bright red, green and blue are (ITU-R BT.601).
BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)


def hsv(rgb: np.ndarray) -> np.ndarray:
    """Return hue, saturation and value; grey has the hue 0, and black the saturation 0."""
    red, green, blue = rgb
    value = rgb.max(0)
    chroma = value - rgb.min(0)
    colourful = np.where(chroma == 0, np.float32(1), chroma)
    hue = np.where(
        value == red,
        (green - blue) / colourful,
        np.where(value == green, 2 + (blue - red) / colourful, 4 + (red - green) / colourful),
    )
    return np.stack([hue / 6 % 1, chroma / np.where(value == 0, np.float32(1), value), value])


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b*: L / 100, (a + 128) / 255, (b + 128) / 255."""
    linear = np.where(rgb > 0.04045, ((rgb + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4), rgb / 12.92)
    xyz = np.tensordot(TO_XYZ, linear, 1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), np.float32(7.787) * xyz + np.float32(16 / 116))
    return np.stack([(116 * y - 16) / 100, (500 * (x - y) + 128) / 255, (200 * (y - z) + 128) / 255])


def intensity(rgb: np.ndarray) -> np.ndarray:
    """Return how bright each pixel is: one channel."""
    return np.tensordot(BRIGHTNESS, rgb, 1)[None]


def rgi(rgb: np.ndarray) -> np.ndarray:
    """Return the shares of red and green, which shadows leave alone, and the intensity; black has shares of 1 / 3."""
    total = rgb.sum(0)
    shares = np.where(total == 0, np.float32(1 / 3), rgb[:2] / np.where(total == 0, np.float32(1), total))
    return np.concatenate([shares, intensity(rgb)])


#: The names of the paper's Table 3.
COLOR_SPACES = {
    "RGB": lambda rgb: rgb,
    "HSV": hsv,
    "Lab": lab,
    "rgI": rgi,
    "H": lambda rgb: hsv(rgb)[:1],
    "I": intensity,
}


def color_space(rgb: np.ndarray, name: str) -> np.ndarray:
    """Convert float32 (3, H, W) in [0, 1] to one of ``COLOR_SPACES``: float32 (C, H, W) in [0, 1]."""
    return np.ascontiguousarray(np.clip(COLOR_SPACES[name](rgb), 0, 1), np.float32)
