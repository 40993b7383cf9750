"""A picture that can be moved: sliders and buttons below it, in a notebook that runs."""

from __future__ import annotations

import os
import sys

from ..errors import bad_argument, flag, number
from .page import is_list


def sliders(draw, **controls):
    """Draw a picture again whenever one of its numbers is moved.

    In a notebook that runs, with ipywidgets installed, each control is a slider, a list or a box to tick below the
    picture. Elsewhere ``draw`` is called once, with what the controls start with.

    Parameters
    ----------
    draw : callable
        ``draw(name=value, ...)`` draws the picture, and ends with ``plt.show()``. Its own defaults are where the
        controls start; without one, a control starts with its first value.
    **controls
        For each argument: ``(low, high)`` or ``(low, high, step)``, integers or floats, for a slider; a list of values
        to choose from; True or False for a box to tick.

    Raises
    ------
    TypeError, ValueError
        For a control that is none of these.

    Examples
    --------
    >>> viz.sliders(draw_windows, kernel=(1, 7), stride=(1, 4), padding=["none", "same"])
    """
    import inspect

    if not callable(draw) or isinstance(draw, type):
        raise bad_argument("sliders", "draw", f"is a {type(draw).__name__}", "a function that draws", error=TypeError)
    values = {name: _values(name, control) for name, control in controls.items()}
    start = {name: values[name][0] for name in controls}
    try:
        parameters = inspect.signature(draw).parameters
    except ValueError:  # some built-in functions have none
        parameters = {}
    for name, parameter in parameters.items():
        if name in start and parameter.default is not parameter.empty:
            start[name] = parameter.default
    if os.environ.get("MINIDET_QUICK", "0") not in ("", "0"):  # the ends too: nobody moves anything in a test
        for end in (0, -1):
            draw(**{name: values[name][end] for name in controls})
    if os.environ.get("MINIDET_SLIDERS") == "0":  # the notebooks' runner: see there
        return
    if not _in_kernel():
        draw(**start)
        return
    try:
        import ipywidgets as widgets
    except ImportError:
        draw(**start)
        print("To move it: pip install ipywidgets, and start the kernel again.")
        return
    from IPython.display import display

    made = {name: _widget(widgets, name, control, start[name]) for name, control in controls.items()}
    display(widgets.VBox([widgets.interactive_output(draw, made), widgets.HBox(list(made.values()))]))


def _in_kernel() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def _values(name: str, control) -> list:
    """Return some values of a control, the lowest first and the highest last."""
    if isinstance(control, bool):
        return [False, True]
    if isinstance(control, tuple) and len(control) in (2, 3):
        low, high = (number("sliders", name, end) for end in control[:2])
        if low < high and (len(control) == 2 or number("sliders", name, control[2]) > 0):
            return [control[0], control[1]]
    elif is_list(control) and not isinstance(control, tuple) and len(control):
        return list(control)
    raise bad_argument("sliders", name, f"is {control!r}", "(low, high[, step]), a list of values, True or False")


def _widget(widgets, name: str, control, start):
    """Make the widget of a control. Pictures follow when the mouse lets go: they take too long to follow it."""
    words = {"description": name.replace("_", " "), "continuous_update": False}
    if isinstance(control, bool):
        return widgets.Checkbox(value=flag("sliders", name, start), description=words["description"])
    if not isinstance(control, tuple):
        return widgets.Dropdown(options=control, value=start, description=words["description"])
    whole = all(isinstance(end, int) for end in control)
    kind, step = (widgets.IntSlider, 1) if whole else (widgets.FloatSlider, (control[1] - control[0]) / 20)
    return kind(value=start, min=control[0], max=control[1], step=control[2] if len(control) == 3 else step, **words)
