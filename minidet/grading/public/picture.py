"""A picture of a wrong result in a notebook: what was expected, what came, and the difference."""

from __future__ import annotations

import sys

import numpy as np

from ...viz.page import INK, subplots, without_frame
from ..assignments.assignment import Call
from .box_picture import draw_boxes

#: So few numbers are also written into the picture.
WRITTEN = 64


def in_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this: only there a picture has a place."""
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


def show(value, call: Call) -> None:
    """Draw a wrong result below the words, if it has two axes or boxes to draw."""
    from IPython.display import display
    from matplotlib import pyplot as plt

    figure = draw(value, call)
    if figure is not None:
        display(figure)
        plt.close(figure)


def draw(value, call: Call):
    """Return a figure of wrong boxes if the call asks for them, else of wrong planes; None if there are none."""
    boxes = draw_boxes(value, call) if call.picture == "boxes" else None
    return boxes if boxes is not None else draw_planes(value, call)


def draw_planes(value, call: Call):
    """Return a figure of the plane with the largest error; None if there is nothing to draw."""
    found = worst_planes(value, call.expected)
    if found is None:
        return None
    number, index, got, expected = found
    name = call.names[number] if number < len(call.names) else call.function
    where = f"{name}[{', '.join(map(str, index))}]" if index else name
    planes = {f"expected {where}": expected, "yours": got}
    if got.shape == expected.shape:
        planes["yours - expected"] = _difference(got, expected)
    figure, axes = subplots(1, len(planes), figsize=(3.1 * len(planes), 2.9))
    shown = np.concatenate([expected[np.isfinite(expected)], got[np.isfinite(got)]])
    low, high = (shown.min(), shown.max()) if shown.size else (0, 1)
    for ax, (title, plane) in zip(axes, planes.items(), strict=True):
        if title == "yours - expected":
            bound = np.abs(plane[np.isfinite(plane)]).max(initial=1e-12)
            image = ax.imshow(plane, cmap="RdBu_r", vmin=-bound, vmax=bound, interpolation="nearest")
        else:
            image = ax.imshow(plane, cmap="viridis", vmin=low, vmax=high, interpolation="nearest")
        if plane.size <= WRITTEN:
            _write_numbers(ax, image, plane)
        ax.set_title(title, color=INK, fontsize=9)
        without_frame(ax)
        bar = figure.colorbar(image, ax=ax, shrink=0.7)
        bar.ax.tick_params(colors=INK, labelsize=7)
        bar.outline.set_visible(False)
    return figure


def _difference(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return ``got - expected``, 0 where that is what rounding leaves: -1.7e-18 says nothing, and is long."""
    difference, known = got - expected, np.abs(expected[np.isfinite(expected)])
    return np.where(np.abs(difference) <= 1e-12 * known.max(initial=0.0), 0.0, difference)


def _write_numbers(ax, image, plane: np.ndarray) -> None:
    """Write each number on its pixel, in the one of black and white that stands out there."""
    size = min(9.0, 60 / max(plane.shape))
    for (row, column), number in np.ndenumerate(plane):
        red, green, blue, _ = image.to_rgba(number)
        light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5 or not np.isfinite(number)
        ax.text(
            column, row, f"{number:.3g}", color="black" if light else "white", fontsize=size, ha="center", va="center"
        )


def worst_planes(value, expected):
    """Return the number of the result, the index of the plane, and the two planes; None if there are none to draw."""
    values = list(value) if isinstance(value, (tuple, list)) and isinstance(expected, tuple) else [value]
    rights = list(expected) if isinstance(expected, tuple) else [expected]
    best = None
    for number, (got, right) in enumerate(zip(values, rights, strict=False)):
        got, right = _as_numbers(got), _as_numbers(right)
        if got is None or right is None or got.ndim != right.ndim or got.ndim < 2 or not got.size or not right.size:
            continue
        if got.shape[:-2] == right.shape[:-2] and got.shape == right.shape:
            error = np.nan_to_num(np.abs(got - right), nan=np.inf).max((-2, -1))
            index = tuple(int(i) for i in np.unravel_index(error.argmax(), error.shape)) if error.ndim else ()
            size = float(error.max())
        else:
            index, size = (0,) * (got.ndim - 2), np.inf
        if best is None or size > best[0]:
            best = (size, number, index, got[index], right[index])
    return best[1:] if best is not None and best[0] > 0 else None


def _as_numbers(value) -> np.ndarray | None:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return array.astype(np.float64) if array.dtype.kind in "biuf" else None
