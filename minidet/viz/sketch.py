"""Drawings by hand: frames in a line of one's choice, blocks, arrows. Notebooks draw their figures with these.

:func:`~minidet.viz.draw_boxes` draws what a data set or a detector knows, a colour per class; here the caller chooses.
"""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, number
from .page import DARK, INK, check_axes


def outline(ax, box, colour: str, line: str = "-", width: float = 2.0, text: str = "") -> None:
    """Draw a box, and a word above its upper left corner.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        As :func:`~minidet.viz.draw_image` leaves them: pixel column j covers j <= x < j + 1.
    box : array_like (4,)
        ``(x1, y1, x2, y2)``.
    colour, line, width
        Matplotlib's colour, style and width of the line.
    text : str
        Letters of 9 points in the same colour.
    """
    from matplotlib.patches import Rectangle

    corners = as_array("outline", "box", box)
    if corners.shape != (4,) or not np.isfinite(corners).all():
        was = f"has shape {corners.shape}" if corners.shape != (4,) else "contains NaN or infinity"
        raise bad_argument("outline", "box", was, "four finite numbers x1, y1, x2, y2")
    x1, y1, x2, y2 = corners.tolist()
    width = number("outline", "width", width, 0)
    frame = Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linewidth=width, linestyle=line)
    check_axes("outline", ax).add_patch(frame)
    if text:
        ax.annotate(text, (x1, y1), (0, 2), textcoords="offset points", color=colour, fontsize=9, weight="bold")


def canvas(width: float, height: float, xlim, ylim, **options):
    """Return axes without frame, ``width`` x ``height`` inches, for a drawing; other options are ``Axes.set``'s."""
    import matplotlib.pyplot as plt

    size = [number("canvas", name, side, 0.01, 600) for name, side in (("width", width), ("height", height))]
    figure = plt.figure(figsize=size)
    figure.patch.set_alpha(0)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=xlim, ylim=ylim, **options)
    ax.axis("off")
    return ax


def block(ax, x: float, y: float, text: str, face: str, width: float = 2.6, height: float = 1.3) -> None:
    """Draw a filled rectangle around (x, y) with a dark text of 9 points in it: ``face`` has to be pale."""
    from matplotlib.patches import Rectangle

    width, height = (number("block", name, side, 0) for name, side in (("width", width), ("height", height)))
    corner = (x - width / 2, y - height / 2)
    check_axes("block", ax).add_patch(Rectangle(corner, width, height, facecolor=face, edgecolor="#606060", lw=0.9))
    ax.text(x, y, text, ha="center", va="center", fontsize=9, color=DARK)


def arrow(ax, start, end, colour: str = INK, line: str = "-") -> None:
    """Draw an arrow from one point (x, y) to another."""
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.4, "linestyle": line}
    check_axes("arrow", ax).annotate("", end, start, arrowprops=style)


def cells(ax, values, top: float | None = None, corner=(0.0, 0.0), side: float = 1.0, form: str = "g") -> None:
    """Draw a grid of numbers as cells, from white to a blue on which the number in each can be read.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its limits become those of the grid, downwards as in an image.
    values : array_like (H, W)
        Finite, 0 or more.
    top : float, optional
        What is bluest; by default the largest value.
    corner : (float, float)
        x and y of the grid's upper left corner.
    side : float
        Width and height of a cell.
    form : str
        How numbers are written, as :func:`format` has it.
    """
    grid = as_array("cells", "values", values)
    if grid.ndim != 2 or 0 in grid.shape or not np.isfinite(grid).all():
        was = f"has shape {grid.shape}" if grid.ndim != 2 or 0 in grid.shape else "contains NaN or infinity"
        raise bad_argument("cells", "values", was, "finite numbers (H, W)")
    side = number("cells", "side", side, 1e-9)
    top = number("cells", "top", float(grid.max()) if top is None else top, 0) or 1.0
    (x, y), (rows, columns) = corner, grid.shape
    extent = (x, x + columns * side, y + rows * side, y)
    check_axes("cells", ax).imshow(grid, extent=extent, cmap="Blues", vmin=0, vmax=1.8 * top)
    for (row, column), value in np.ndenumerate(grid):
        place = x + (column + 0.5) * side, y + (row + 0.5) * side
        ax.text(*place, format(value, form), ha="center", va="center", fontsize=9, color=DARK)
    ax.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
