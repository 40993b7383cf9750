"""A picture of wrong boxes in a notebook: what was expected and what came, side by side on the same pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...viz.page import BLUE, INK, ORANGE, SMALLEST, subplots
from ..assignments.assignment import Call
from ..scoring.student_values import as_floats, shape_of

#: More boxes than this are not drawn, and more different ones not numbered: nobody could tell them apart.
DRAWN, NUMBERED = 200, 20
#: How far yours may widen the picture, in sides of what was expected: one box at 1e9 would make all others a point.
WIDENED = 1.5


class Boxes(NamedTuple):
    """Boxes of one side of the picture.

    Attributes
    ----------
    rows : ndarray (R, 4)
        All boxes, whatever axes they had.
    shape : tuple of int
        The axes before the last, for numbers like ``1, 2``.
    differs : ndarray bool (R,)
        Those that the other side does not have.
    """

    rows: np.ndarray
    shape: tuple[int, ...]
    differs: np.ndarray

    def number(self, row: int) -> str:
        """Return the index of a box, as the student writes it."""
        return ", ".join(str(int(i)) for i in np.unravel_index(row, self.shape)) if self.shape else ""


def draw_boxes(value, call: Call):
    """Return a figure of the expected boxes and the student's; None if none were expected, or all are right."""
    place = find_boxes(call.expected)
    if place is None:
        return None
    name, right = place
    got = _as_numbers(_at(value, call.expected, name))
    if got is None or got.shape[-1:] != (4,):
        return _draw(call, name, _boxes(right, None), None, _why_not(got))
    expected, yours = _boxes(right, got, call), _boxes(got, right, call)
    if got.shape == right.shape and not yours.differs.any():
        return None
    return _draw(call, name, expected, yours, "")


def find_boxes(value) -> tuple[int | str | None, np.ndarray] | None:
    """Return where the first boxes stand in a result (None: it is them itself), and the boxes; None without any."""
    parts = {None: value}
    if isinstance(value, dict):
        parts = value
    elif isinstance(value, tuple):
        parts = dict(enumerate(value))
    for name, part in parts.items():
        array = _as_numbers(part)
        if array is not None and array.shape[-1:] == (4,):
            return name, array
    return None


def _at(value, expected, name):
    """Return the same part of the student's result; None if it has no such part."""
    if name is None:
        return value
    if isinstance(expected, dict):
        return value.get(name) if isinstance(value, dict) else None
    return value[name] if isinstance(value, (tuple, list)) and name < len(value) else None


def _why_not(got: np.ndarray | None) -> str:
    if got is None:
        return "not drawn: no array of numbers"
    empty = "the result is empty, and " if got.size == 0 else ""
    return f"not drawn: {empty}its shape is {got.shape}; of boxes, the last axis is 4"


def _as_numbers(value) -> np.ndarray | None:
    shape = shape_of(value)
    return None if shape is None else as_floats(value, shape)


def _boxes(array: np.ndarray, other: np.ndarray | None, call: Call | None = None) -> Boxes:
    """Compare box with box where both sides have as many; else, look whether the other side has the box at all."""
    rows = array.reshape(-1, 4)
    if other is None:
        return Boxes(rows, array.shape[:-1], np.ones(len(rows), bool))
    others = other.reshape(-1, 4)
    with np.errstate(invalid="ignore"):
        if array.shape == other.shape:
            same = np.isclose(rows, others, call.rtol, call.atol, equal_nan=True).all(1)
        else:
            same = np.array([np.isclose(row, others, call.rtol, call.atol).all(1).any() for row in rows], bool)
    return Boxes(rows, array.shape[:-1], ~same)


def _draw(call: Call, name, expected: Boxes, yours: Boxes | None, instead: str):
    """Draw both sides on the same limits; ``instead`` stands where boxes cannot be drawn."""
    title = name if isinstance(name, str) else call.function
    if isinstance(name, int) and name < len(call.names):
        title = call.names[name]
    limits = _limits(expected, yours)
    height = 3.3 * (limits[3] - limits[1]) / (limits[2] - limits[0])
    figure, axes = subplots(1, 2, figsize=(7.4, min(max(height, 1.0), 4.0) + 0.8))
    for ax, label, boxes in zip(axes, (f"expected {title}", "yours"), (expected, yours), strict=True):
        ax.set(xlim=limits[::2], ylim=limits[:0:-2], aspect="equal")
        ax.tick_params(labelsize=SMALLEST)
        words = instead if boxes is None else _draw_side(ax, boxes, limits)
        ax.set_title(f"{label}: {_count(boxes)}" if boxes is not None else label, color=INK, fontsize=9)
        ax.set_xlabel(words, color=INK, fontsize=SMALLEST)
    return figure


def _draw_side(ax, boxes: Boxes, limits) -> str:
    """Draw one side's boxes; return what the picture does not show."""
    from matplotlib.patches import Rectangle

    finite = np.isfinite(boxes.rows).all(1)
    span = max(limits[2] - limits[0], limits[3] - limits[1])
    inside_out = (boxes.rows[:, 2:] < boxes.rows[:, :2]).any(1) & finite
    drawn = np.flatnonzero(finite)[:DRAWN]
    numbered = set(np.flatnonzero(finite & boxes.differs)[:NUMBERED].tolist())
    for row in sorted(drawn.tolist(), key=lambda row: boxes.differs[row]):  # what differs lies above
        # What lies far outside is cut off: matplotlib cannot draw at 1e300.
        x1, y1, x2, y2 = boxes.rows[row].clip(np.tile(limits[:2], 2) - span, np.tile(limits[2:], 2) + span)
        differs = boxes.differs[row]
        mark, width = (ORANGE, 2.0) if differs else (BLUE, 1.2)
        style = "--" if inside_out[row] else "-"
        ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=mark, lw=width, ls=style))
        if (boxes.rows[row, :2] == boxes.rows[row, 2:]).any():
            ax.plot((x1 + x2) / 2, (y1 + y2) / 2, "o", color=mark, markersize=5)
        if row in numbered and boxes.shape:
            corner = (min(max(x1, limits[0]), limits[2]), min(max(y1, limits[1]), limits[3]))
            ax.annotate(boxes.number(row), corner, (2, 2), textcoords="offset points", color=mark,
                        fontsize=9, fontweight="bold")  # fmt: skip
    return _words(boxes, finite, inside_out, limits)


def _words(boxes: Boxes, finite: np.ndarray, inside_out: np.ndarray, limits) -> str:
    """Say what cannot be seen."""
    if not len(boxes.rows):
        return "no boxes: the result is empty"
    rows = boxes.rows
    beyond = finite & ((rows < np.tile(limits[:2], 2)) | (rows > np.tile(limits[2:], 2))).any(1)
    said = []
    for mask, words in ((~finite, "NaN or infinity, not drawn"), (inside_out, "x2 < x1 or y2 < y1, dashed"),
                        (beyond, "reaches beyond the picture")):  # fmt: skip
        if mask.any():
            said.append(f"{int(mask.sum())} of {len(rows)}: {words}")
    if finite.sum() > DRAWN:
        said.append(f"only the first {DRAWN} are drawn")
    if not said:
        said = ["orange, numbered: differs" if boxes.differs.any() else "all are also on the other side"]
    return "\n".join(said)


def _count(boxes: Boxes) -> str:
    if not boxes.shape:
        return "one box"
    different, count = int(boxes.differs.sum()), len(boxes.rows)
    return f"{count} {'box' if count == 1 else 'boxes'}, {different} different"


def _limits(expected: Boxes, yours: Boxes | None) -> np.ndarray:
    """Return (x1, y1, x2, y2) that hold all expected boxes, and yours unless they are far away."""
    right, got = (_finite(side) for side in (expected, yours))
    if not len(right):
        right = got[:1] if len(got) else np.array([[0.0, 0, 1, 1]])
    low, high = _ends(right)
    side = max(*(high - low), 1.0)
    if len(got):
        far = WIDENED * side
        wide_low, wide_high = _ends(got)
        low, high = np.clip(wide_low, low - far, low), np.clip(wide_high, high, high + far)
    margin = 0.08 * max(*(high - low), 1.0)
    return np.concatenate([low - margin, high + margin])


def _finite(boxes: Boxes | None) -> np.ndarray:
    return np.zeros((0, 4)) if boxes is None else boxes.rows[np.isfinite(boxes.rows).all(1)]


def _ends(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    corners = rows.reshape(-1, 2)
    return corners.min(0), corners.max(0)
