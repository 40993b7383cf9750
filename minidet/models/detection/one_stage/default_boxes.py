"""SSD's default boxes: around every cell of every map some boxes, larger ones on coarser maps.

Liu, Anguelov, Erhan, Szegedy, Reed, Fu, Berg. SSD: Single Shot MultiBox Detector. ECCV 2016, arXiv:1512.02325, section
2.2, "Choosing scales and aspect ratios for default boxes":

    s_k = s_min + (s_max - s_min) (k - 1) / (m - 1)        of the k-th of m maps; one map more, the finest, has its own

    at each cell:  s_k x s_k;  s'_k x s'_k, s'_k = sqrt(s_k s_(k + 1));  s_k sqrt(a) x s_k / sqrt(a), a = 2, 1/2, 3, 1/3

Deviations from the paper
-------------------------
- The paper warps an image to a square first. Here a scale is a share of the shorter side, so that a box of ratio 1 is
  square in any image; of a square image it is the paper's.
- A cell's middle is ``(i + 0.5) stride``, which is the paper's ``(i + 0.5) / |f_k|`` where the stride divides the side.
"""

from __future__ import annotations

import numpy as np

from ....errors import bad_argument, check_room, integer, number, shown

#: Of six maps: the first and the last two have fewer (section 3.1).
PAPER_RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))


class DefaultBoxGenerator:
    """The boxes of maps of some strides.

    Parameters
    ----------
    maps : int
        How many there are.
    scales : sequence, optional
        For each map, the finest first, its scale, or a tuple of several: shares of the image's shorter side. By default
        :func:`paper_scales`.
    aspect_ratios : sequence of sequence of float, optional
        For each map, ratios besides 1; of each, both boxes are made, wide and tall. One tuple of numbers, ``(2,)`` or
        ``()``, stands for all maps. By default the paper's.
    extra_square : bool
        A second square at each scale, between it and the next one.

    Attributes
    ----------
    cells : list of ndarray
        For each map (A, 2), float64: widths and heights of a cell's boxes, as shares of the shorter side.
    """

    def __init__(self, maps: int, scales=None, aspect_ratios=None, extra_square: bool = True):
        op, maps = "DefaultBoxGenerator", integer("DefaultBoxGenerator", "maps", maps, 1, 64)
        self.scales = scales = _per_map(op, "scales", paper_scales(maps) if scales is None else scales, maps)
        if aspect_ratios is None:
            aspect_ratios = [PAPER_RATIOS[min(k, 1) if k < maps - 2 else -1] for k in range(maps)]
        elif isinstance(aspect_ratios, (tuple, list)) and not any(isinstance(a, (tuple, list)) for a in aspect_ratios):
            aspect_ratios = [aspect_ratios] * maps
        self.aspect_ratios = _per_map(op, "aspect_ratios", aspect_ratios, maps)
        rising = [scale for level in scales for scale in level]
        if sorted(set(rising)) != rising:
            raise bad_argument(op, "scales", f"is {shown(scales)}", "rising numbers", "coarser maps have larger boxes")
        following = [*rising[1:], 2 * rising[-1] - rising[-2] if len(rising) > 1 else 1.0]
        pairs = iter(zip(rising, following, strict=True))
        self.cells = []
        for level, ratios in zip(scales, self.aspect_ratios, strict=True):
            sides = []
            for scale, after in (next(pairs) for _ in level):
                sides += [(scale, scale)] + [((scale * after) ** 0.5,) * 2] * bool(extra_square)
                for ratio in ratios:
                    wide, narrow = scale * ratio**0.5, scale / ratio**0.5
                    sides += [(wide, narrow), (narrow, wide)]
            self.cells.append(np.array(sides))
        self._last = None  # the maps and the size of an image, and its boxes

    def __call__(self, maps: dict[int, tuple[int, int]], image_size) -> np.ndarray:
        """Return the boxes (A, 4) of an image, in pixels: map by map, row by row, a cell's boxes side by side.

        Parameters
        ----------
        maps : dict of int to (int, int)
            ``{stride: (h, w)}``, the finest first. They may reach beyond the image: it may share its batch with larger
            ones, and has the boxes that it has alone.
        image_size : (int, int)
            (H, W).

        Returns
        -------
        ndarray
            float64, read-only: the next image of the same size gets the same one.
        """
        key = tuple((stride, *size) for stride, size in maps.items()), tuple(image_size)
        if self._last is None or self._last[0] != key:
            self._last = key, self._boxes(maps, image_size)
        return self._last[1]

    def _boxes(self, maps, image_size) -> np.ndarray:
        side, found = min(image_size), []
        for (stride, (h, w)), cell in zip(maps.items(), self.cells, strict=True):
            check_room("DefaultBoxGenerator", "maps", f"has one of {(h, w)}", h, w, len(cell), 4)
            y, x = np.meshgrid((np.arange(h) + 0.5) * stride, (np.arange(w) + 0.5) * stride, indexing="ij")
            middle, half = np.stack([x, y], 2)[:, :, None], cell * side / 2  # (h, w, 1, 2), (A, 2)
            found.append(np.concatenate([middle - half, middle + half], 3).reshape(-1, 4))
        boxes = np.concatenate(found)
        boxes.flags.writeable = False
        return boxes

    def inside(self, maps: dict[int, tuple[int, int]], image_size) -> np.ndarray:
        """Tell of the boxes whether their cells are part of the image, or of what pads it in its batch: bool (A,)."""
        found = []
        for (stride, (h, w)), cell in zip(maps.items(), self.cells, strict=True):
            rows, columns = (np.arange(n) * stride < side for n, side in zip((h, w), image_size, strict=True))
            found.append((rows[:, None] & columns).ravel().repeat(len(cell)))
        return np.concatenate(found)


def paper_scales(maps: int, lowest: float = 0.2, highest: float = 0.9, first: float = 0.1) -> tuple:
    """Return the paper's scales: ``first`` for the finest map, then from ``lowest`` to ``highest`` in equal steps.

    A single map has those of six.

    >>> paper_scales(4)
    (0.1, 0.2, 0.55, 0.9)
    """
    if maps == 1:
        return (paper_scales(6, lowest, highest, first),)
    steps = max(maps - 2, 1)
    return (first, *(round(lowest + (highest - lowest) * k / steps, 12) for k in range(maps - 1)))


def _per_map(op: str, argument: str, values, maps: int) -> list[tuple[float, ...]]:
    """Return a tuple of positive numbers for each map, or raise."""
    if not isinstance(values, (tuple, list)) or len(values) != maps:
        was = f"has {len(values)} entries" if isinstance(values, (tuple, list)) else f"is {shown(values)}"
        raise bad_argument(op, argument, was, f"{maps}, one for each map")
    levels = [level if isinstance(level, (tuple, list)) else (level,) for level in values]
    levels = [tuple(number(op, argument, value, 0, 1e3) for value in level) for level in levels]
    if any(value == 0 for level in levels for value in level) or (argument == "scales" and not all(levels)):
        raise bad_argument(op, argument, f"is {shown(values)}", "positive numbers for each map")
    return levels
