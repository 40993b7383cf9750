"""Arrays as small pictures: feature maps in colour, their strength, a table of numbers as a heat map."""

from __future__ import annotations

import math

import numpy as np

LARGEST = 256  # pixels of a picture's side: larger arrays are averaged
SHOWN = 12  # channels


def heat(values: np.ndarray, cmap: str = "viridis") -> np.ndarray:
    """Colour an array (h, w), from its least to its largest value: uint8 (h, w, 4); what is not finite is clear."""
    import matplotlib

    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 0.0)
    share = (np.where(finite, values, low) - low) / (high - low if high > low else 1.0)
    pixels = (matplotlib.colormaps[cmap](share) * 255).round().astype(np.uint8)
    pixels[~finite] = 0
    return pixels


def smaller(values: np.ndarray, largest: int = LARGEST) -> np.ndarray:
    """Return means of blocks of an array (..., h, w), no more than ``largest`` in a column and a row."""
    height, width = values.shape[-2:]
    step = math.ceil(max(height, width) / largest)
    if step <= 1:
        return values
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    sums = np.add.reduceat(np.add.reduceat(values.astype(np.float64), rows, -2), columns, -1)
    counts = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))
    return sums / counts


def strength_picture(maps: np.ndarray) -> np.ndarray:
    """Show where maps (C, h, w) are far from 0: their mean absolute values, uint8 (h, w, 4)."""
    return heat(smaller(np.abs(maps).mean(0)))


def features_picture(maps: np.ndarray) -> tuple[np.ndarray, int]:
    """Show the first maps (C, h, w) side by side, each on its own scale: uint8 (H, W, 4), and how many there are."""
    shown = maps[:SHOWN]
    columns = min(len(shown), max(1, round(math.sqrt(len(shown) * 1.5 * maps.shape[1] / maps.shape[2]))))
    tiles = [heat(smaller(each, LARGEST // 2)) for each in shown]
    height, width = tiles[0].shape[:2]
    finer = max(1, math.ceil(24 / max(height, width)))
    gap = max(1, round(0.06 * finer * max(height, width)))
    rows = -(-len(tiles) // columns)
    high, wide = height * finer + gap, width * finer + gap
    picture = np.zeros((rows * high - gap, columns * wide - gap, 4), np.uint8)
    for i, tile in enumerate(tiles):
        top, left = i // columns * high, i % columns * wide
        tile = tile.repeat(finer, 0).repeat(finer, 1)
        picture[top : top + high - gap, left : left + wide - gap] = tile
    return picture, len(shown)
