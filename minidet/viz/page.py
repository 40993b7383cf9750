"""What every picture starts from: axes without a ground of their own, in colours that read on a light and a dark page.

A notebook or a web page may be white or nearly black, and a picture does not know. So nothing here paints a ground, and
text and lines are of middling lightness: their contrast is at least 3 (WCAG 2.1, success criterion 1.4.11) against
both ``#ffffff`` and ``#111111``, that of text 4.33: no one grey has more against both.
"""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array as as_array  # for the other files of this floor
from ..errors import bad_argument, integer, number

#: Text, frames and arrows: the grey whose contrast to a white and to a nearly black page (``#111111``) is the same.
INK = "#797979"
#: What notebooks draw with beside it: letters on pale grounds, and three colours with their pale grounds.
DARK, BLUE, ORANGE, GREEN = "#222222", "#3d7cc0", "#c9651c", "#3d8f5c"
PALE_BLUE, PALE_ORANGE, PALE_GREEN, YELLOW = "#cfe0f0", "#f9dcc4", "#d3ead9", "#fff2b3"
#: Points: smaller letters are not read.
SMALLEST = 8
#: One colour per class or curve: chosen so that any two stay apart for red-, green- and blue-blind eyes too.
COLOURS = ("#c0240c", "#009ce4", "#849c00", "#a818b4", "#3c6c60", "#b48490", "#4848fc")
MOST_AXES, LARGEST_SIDE = 1000, 600.0  # of a figure; inches: matplotlib draws at most 65536 pixels


def colour(number: int) -> str:
    """Return the colour of class, instance or curve ``number``; there are seven, then they begin again."""
    return COLOURS[number % len(COLOURS)]


def use_style() -> None:
    """Let all of matplotlib's pictures in this process read on light and dark pages: what a notebook calls first.

    No ground is painted, and text and frames are in :data:`INK`. Letters have at least 8 points.
    """
    import matplotlib.pyplot as plt

    for part in ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"):
        plt.rcParams[part] = INK
    for part in ("xtick.labelsize", "ytick.labelsize", "legend.fontsize"):
        plt.rcParams[part] = SMALLEST
    for part in ("figure.facecolor", "savefig.facecolor", "axes.facecolor"):
        plt.rcParams[part] = "none"
    plt.rcParams.update({"figure.dpi": 90, "font.size": 10, "legend.frameon": False, "legend.labelcolor": INK})


def subplots(nrows: int = 1, ncols: int = 1, figsize: tuple[float, float] | None = None):
    """Do what ``matplotlib.pyplot.subplots`` does, without a ground and in :data:`INK`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : Axes, or ndarray of Axes
        One, or an array of ``nrows`` x ``ncols`` of them, without the axes of length 1.
    """
    import matplotlib.pyplot as plt

    nrows, ncols = integer("subplots", "nrows", nrows, 1), integer("subplots", "ncols", ncols, 1)
    if nrows * ncols > MOST_AXES:
        raise bad_argument("subplots", "nrows and ncols", f"are {nrows} and {ncols}", f"at most {MOST_AXES} axes")
    if figsize is not None:
        if not isinstance(figsize, (tuple, list)) or len(figsize) != 2:
            raise bad_argument("subplots", "figsize", f"is {figsize!r}", "two numbers, in inches")
        figsize = tuple(number("subplots", "figsize", side, 0.01, LARGEST_SIDE) for side in figsize)
    figure, axes = plt.subplots(nrows, ncols, figsize=figsize, layout="constrained")
    figure.patch.set_alpha(0)
    for ax in np.ravel(axes):
        dress(ax)
    return figure, axes


def dressed(op: str, ax, figsize: tuple[float, float] | None = None):
    """Return ``ax`` in our colours, or new axes if it is None."""
    if ax is None:
        return subplots(figsize=figsize)[1]
    dress(check_axes(op, ax))
    return ax


def check_axes(op: str, ax):
    """Return ``ax``, or raise unless it is matplotlib's."""
    if not hasattr(ax, "add_patch"):
        kind = type(ax).__name__
        raise bad_argument(op, "ax", f"is a {kind}", "one of matplotlib's Axes, or None for a new one", error=TypeError)
    return ax


def is_list(value) -> bool:
    """Tell whether this is a sequence of anything: a list, a tuple, an array with axes; text and dicts are not."""
    if isinstance(value, (str, bytes, dict, type)) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return False
    return hasattr(value, "__len__") and hasattr(value, "__getitem__")


def check_flag(op: str, argument: str, value) -> bool:
    """Return ``value`` as a bool, or raise unless it is one, or 0 or 1."""
    if not isinstance(value, (bool, np.bool_)) and (not isinstance(value, int) or value not in (0, 1)):
        raise bad_argument(op, argument, f"is a {type(value).__name__}", "True or False", error=TypeError)
    return bool(value)


def check_names(op: str, argument: str, names, number_of: int | None = None) -> list[str] | None:
    """Return names as a list of text (None stays None), or raise unless they are a sequence (of this length)."""
    if names is None:
        return None
    if not is_list(names):
        raise bad_argument(op, argument, f"is a {type(names).__name__}", "a sequence of names", error=TypeError)
    if number_of is not None and len(names) != number_of:
        raise bad_argument(op, argument, f"has {len(names)} names", f"{number_of}")
    return [str(name) for name in names]


def dress(ax) -> None:
    """Take the ground of axes away, and put frame, ticks, labels and title in :data:`INK`."""
    ax.patch.set_alpha(0)
    ax.tick_params(colors=INK, which="both")
    for spine in ax.spines.values():
        spine.set_color(INK)
    for text in (ax.title, ax.xaxis.label, ax.yaxis.label):
        text.set_color(INK)


def without_frame(ax) -> None:
    """Hide frame and ticks, but keep the title and the labels of the axes, which ``set_axis_off`` would hide."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)


def points(op: str, ax, width: float, height: float):
    """Return axes whose unit is a point, y downwards, for a drawing of this size; and how much smaller they really are.

    New axes are as large as the drawing. Given ones hold as much of it as fits: letters and lines have to be scaled.
    """
    if ax is None:
        figure, ax = subplots(figsize=(width / 72, height / 72))
        figure.set_layout_engine("none")
        ax.set_position([0, 0, 1, 1])
        scale = 1.0
    else:
        ax = dressed(op, ax)
        ax.figure.draw_without_rendering()  # where the axes end up is known after the layout
        room = ax.get_window_extent()
        scale = 72 / ax.figure.dpi * min(room.width / width, room.height / height)
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    without_frame(ax)
    return ax, scale
