"""SSD's crops: a window of any shape that shows enough of some object."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument, integer, number, shown
from ...ops import box_iou
from ...random import generator
from ..targets import INSTANCE_KEYS, check_fill, check_ignore_index, check_image, check_interval, check_target
from .geometry import crop

#: The least IoU of a window with an object, one of them at random; 1 leaves the image as it is.
SAMPLER_OPTIONS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
ROUNDS = 50  # of so many choices none was fulfilled: then the image stays as it is


class RandomIoUCrop:
    """Cut out a window that has at least some IoU with an object (Liu et al. 2016, SSD, section 2.2).

    ::

        again and again:
            choose a least IoU of sampler_options; if it is 1, leave the image as it is
            trials times:
                draw a window; objects whose centre is not inside do not count
                if one of the others has at least this IoU with the window, take it

    Objects whose centre is outside of the window go, with their masks, keypoints and labels.

    Parameters
    ----------
    min_scale, max_scale : float
        Height and width of a window, as shares of the image's.
    min_aspect_ratio, max_aspect_ratio : float
        Width over height of a window.
    sampler_options : list of float, optional
        Least IoUs; by default 0, 0.1, 0.3, 0.5, 0.7, 0.9 and 1.
    trials : int
        Windows for each choice.

    Notes
    -----
    torchvision's; but it ends also where no choice can be fulfilled, after 50 of them: then the image stays as it is.
    An image without objects stays as it is. Objects outside go at once, not by another transform.
    """

    def __init__(self, min_scale: float = 0.3, max_scale: float = 1.0, min_aspect_ratio: float = 0.5,
                 max_aspect_ratio: float = 2.0, sampler_options=None, trials: int = 40):  # fmt: skip
        op = "RandomIoUCrop"
        self.min_scale = number(op, "min_scale", min_scale, 0, 1)
        self.max_scale = number(op, "max_scale", max_scale, self.min_scale, 1)
        self.min_aspect_ratio = number(op, "min_aspect_ratio", min_aspect_ratio, 0, 1e6)
        self.max_aspect_ratio = number(op, "max_aspect_ratio", max_aspect_ratio, self.min_aspect_ratio, 1e6)
        options = SAMPLER_OPTIONS if sampler_options is None else sampler_options
        if not isinstance(options, (tuple, list)) or not options:
            raise bad_argument(op, "sampler_options", f"is {shown(options)}", "a list of numbers", error=TypeError)
        self.options = tuple(number(op, "sampler_options", option, 0) for option in options)
        self.trials = integer(op, "trials", trials, 1, 10**6)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        op, rng = "RandomIoUCrop", generator(rng, "RandomIoUCrop")
        image = check_image(op, image)
        target = check_target(op, target, image.shape[1:])
        if "boxes" not in target:
            raise bad_argument(op, "target", f"has {', '.join(map(str, target)) or 'nothing'}", "boxes")
        boxes = target["boxes"].astype(np.float64)
        for _ in range(ROUNDS if len(boxes) else 0):
            least = self.options[rng.integers(len(self.options))]
            if least >= 1:
                break
            found = self._window(boxes, image.shape[1:], least, rng)
            if found is not None:
                (left, top, right, bottom), kept = found
                left_over = {key: target[key][kept] for key in INSTANCE_KEYS if key in target}
                return crop(image, {**target, **left_over}, top, left, (bottom - top, right - left))
        return image, target

    def _window(self, boxes: np.ndarray, size, least: float, rng):
        """Return the first of the windows that fits, and which boxes have their centre in it; None if none does."""
        shares = rng.uniform(self.min_scale, self.max_scale, (self.trials, 2))
        sides = (np.array(size[::-1]) * shares).astype(np.int64)  # (T, 2): width, height
        corners = ((np.array(size[::-1]) - sides) * rng.random((self.trials, 2))).astype(np.int64)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = sides[:, 0] / sides[:, 1]
        fits = (sides > 0).all(1) & (ratio >= self.min_aspect_ratio) & (ratio <= self.max_aspect_ratio)
        windows = np.concatenate([corners, corners + sides], 1)[fits]
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = (windows[:, None, :2] < middle) & (middle < windows[:, None, 2:])  # (T, N, 2)
        inside = inside.all(2)
        overlap = np.where(inside, box_iou(windows.astype(np.float64), boxes).numpy(), -1)
        good = np.flatnonzero(overlap.max(1, initial=-1) >= least)
        return (windows[good[0]].tolist(), inside[good[0]]) if len(good) else None


class RandomZoomOut:
    """Put the image somewhere on a larger canvas, so that its objects are smaller (section 3.6, "expansion").

    Parameters
    ----------
    fill : float or C floats
        The colour of the canvas.
    side_range : (float, float)
        The canvas's sides, as multiples of the image's: at least 1.
    p : float
        Probability; else the image stays as it is.
    ignore_index : int
        The ``"semantic"`` label of the canvas.
    """

    def __init__(self, fill=0.0, side_range=(1.0, 4.0), p: float = 0.5, *, ignore_index: int = -100):
        self.fill = check_fill("RandomZoomOut", fill).ravel().tolist()
        self.side_range = check_interval("RandomZoomOut", "side_range", side_range)
        if self.side_range[0] < 1:
            was = f"is {shown(side_range)}"
            raise bad_argument("RandomZoomOut", "side_range", was, "two numbers, 1 <= low <= high")
        self.p = number("RandomZoomOut", "p", p, 0, 1)
        self.ignore_index = check_ignore_index("RandomZoomOut", ignore_index)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        image, rng = check_image("RandomZoomOut", image), generator(rng, "RandomZoomOut")
        if rng.random() >= self.p:
            return image, target
        low, high = self.side_range
        factor = low + (high - low) * rng.random()
        size = tuple(int(side * factor) for side in image.shape[1:])
        top, left = (int((new - old) * rng.random()) for new, old in zip(size, image.shape[1:], strict=True))
        return crop(image, target, -top, -left, size, self.fill, self.ignore_index)
