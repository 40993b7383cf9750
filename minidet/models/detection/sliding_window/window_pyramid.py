"""All windows of an image: every place, in every size.

    image -- half -- half -- ...      the source of a level is the smallest of them that is no smaller than the level
       |       |       |
     level   level   level   ...      a window of S x S pixels of a level is a box of the image

A grid of windows is as small as it can be so that every pixel of its level is in a window; the level lies in the middle
of it, and what windows need beyond the image is grey. Halves are means of 2 x 2 pixels, and a level is less than twice
as small as its source: so every pixel of the image counts, and nothing flickers from level to level.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ....autograd import Tensor
from ....errors import bad_argument, integer, number, shown
from ....nn import functional as F

GREY = 0.5  # what becomes 0, and what lies beyond the image


class Level(NamedTuple):
    """One size of windows: (h, w) of the scaled image, where the grid begins in it, and its places."""

    size: tuple[int, int]
    top: int
    left: int
    rows: int
    columns: int


class WindowPyramid:
    """The figure.

    Parameters
    ----------
    window, stride : int
        S, and how far windows are apart, in pixels of a level.
    smallest : float
        Side of the smallest boxes, in pixels of the image.
    scales_per_octave : int
        Levels from one size of boxes to the double size. The largest box is about as long as the image.
    aspect_ratios : tuple of float
        Heights divided by widths, of boxes: levels are stretched so that they become square.
    """

    def __init__(self, window: int, stride: int, smallest: float, scales_per_octave: int = 2, aspect_ratios=(1.0,)):
        op = "SlidingWindowDetector"
        self.window, self.stride = window, stride
        self.smallest = number(op, "smallest", smallest, 1, 1e6)
        self.scales_per_octave = integer(op, "scales_per_octave", scales_per_octave, 1, 64)
        if not isinstance(aspect_ratios, (tuple, list)) or not aspect_ratios:
            raise bad_argument(op, "aspect_ratios", f"is {shown(aspect_ratios)}", "a tuple of numbers")
        self.aspect_ratios = tuple(number(op, "aspect_ratios", ratio, 0.01, 100) for ratio in aspect_ratios)

    def levels(self, size) -> list[Level]:
        """Return the levels of an image of (H, W): for each aspect ratio from small boxes to large ones."""
        longest = max(*size, self.smallest)
        steps = 1 + int(self.scales_per_octave * math.log2(longest / self.smallest) + 1e-9)
        found = []
        for ratio in self.aspect_ratios:
            for step in range(steps):
                side = self.smallest * 2 ** (step / self.scales_per_octave)
                box = side * math.sqrt(ratio), side / math.sqrt(ratio)  # height and width, of the same area
                scaled = tuple(max(1, round(n * self.window / b)) for n, b in zip(size, box, strict=True))
                places = [1 + max(0, -(-(n - self.window) // self.stride)) for n in scaled]
                begin = [(n - self.length(p)) // 2 for n, p in zip(scaled, places, strict=True)]
                found.append(Level(scaled, *begin, *places))
        return found

    def length(self, places: int) -> int:
        """Return how many pixels of a level so many windows in a row reach over."""
        return (places - 1) * self.stride + self.window

    def images(self, images) -> list[Tensor]:
        """Return images (N, 3, H, W) in the size of each level, normalised, with what its grid needs around them."""
        halves, found = [(images - GREY) * 4.0], []  # of about unit variance
        for level in self.levels(images.shape[2:]):
            while all(-(-n // 2) >= wanted for n, wanted in zip(halves[-1].shape[2:], level.size, strict=True)):
                if max(halves[-1].shape[2:]) == 1:
                    break
                halves.append(
                    F.interpolate(halves[-1], tuple(-(-n // 2) for n in halves[-1].shape[2:]), mode="bilinear")
                )
            larger = [x for x in halves if all(n >= m for n, m in zip(x.shape[2:], level.size, strict=True))]
            x = larger[-1] if larger else halves[0]
            x = x if x.shape[2:] == level.size else F.interpolate(x, level.size, mode="bilinear")
            right = self.length(level.columns) + level.left - level.size[1]
            below = self.length(level.rows) + level.top - level.size[0]
            found.append(F.pad(x, (-level.left, right, -level.top, below)))
        return found

    def boxes(self, size) -> np.ndarray:
        """Return all windows of an image of (H, W) as boxes of it, level by level, row by row: (V, 4), float64."""
        found = []
        for level in self.levels(size):
            y, x = np.mgrid[: level.rows, : level.columns].reshape(2, -1) * self.stride
            corners = np.stack([x + level.left, y + level.top], 1)
            scale = np.array([size[1] / level.size[1], size[0] / level.size[0]] * 2)
            found.append(np.concatenate([corners, corners + self.window], 1) * scale)
        return np.concatenate(found)

    def crops(self, pictures: list[Tensor], numbers: np.ndarray) -> np.ndarray:
        """Cut windows out of the levels of an image, by their numbers in :meth:`boxes`: (M, 3, S, S).

        Parameters
        ----------
        pictures : list of Tensor
            Of one image, as :meth:`images` makes them. The crops are on no tape.
        numbers : ndarray
            (M,), int64.
        """
        views = [sliding_window_view(x.detach().numpy()[0], (self.window, self.window), (1, 2))[:, :: self.stride,
                 :: self.stride] for x in pictures]  # each (3, rows, columns, S, S)  # fmt: skip
        ends = np.cumsum([view.shape[1] * view.shape[2] for view in views])
        found = np.empty((len(numbers), 3, self.window, self.window), views[0].dtype)
        for view, end in zip(views, ends, strict=True):
            count = view.shape[1] * view.shape[2]
            here = (numbers >= end - count) & (numbers < end)
            rows, columns = np.divmod(numbers[here] - (end - count), view.shape[2])
            found[here] = view[:, rows, columns].swapaxes(0, 1)
        return found
