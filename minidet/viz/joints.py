"""People as stick figures over an image: 14 joints, left and right told apart."""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument
from .image import HALO, on_image, rows_of
from .page import COLOURS, INK, check_flag

#: The joints of the Leeds Sports Pose data, in its order. Left and right are the person's own.
JOINTS = ("right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle", "right wrist", "right elbow",
          "right shoulder", "left shoulder", "left elbow", "left wrist", "neck", "head top")  # fmt: skip
#: Which joints a limb connects.
LIMBS = ((0, 1), (1, 2), (3, 4), (4, 5), (6, 7), (7, 8), (9, 10), (10, 11), (2, 3), (8, 12), (9, 12), (2, 8), (3, 9),
         (12, 13))  # fmt: skip
SIDES = {"left": COLOURS[1], "right": COLOURS[0], "middle": COLOURS[2]}


def draw_joints(image, target: dict, *, legend: bool = True, ax=None):
    """Draw the 14 joints of people and the limbs between them.

    A joint that is seen is a dot, one that is hidden (v = 1) a ring; one that is not there (v = 0) is left out, and its
    limbs with it. Limbs to a hidden joint are dashed. Left is blue, right is red.

    Parameters
    ----------
    image : Tensor or ndarray (3, H, W), or None
        RGB, in [0, 1]. None draws over what ``ax`` shows.
    target : dict
        ``"keypoints"`` (N, 14, 3) or (14, 3): ``(x, y, v)``, x and y in pixels; the order of :data:`JOINTS`.
        A detector that does not predict v, and returns 1 everywhere as torchvision's does, is drawn all hollow.
    legend : bool
        Say under the image what the colours and rings mean.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    op = "draw_joints"
    legend = check_flag(op, "legend", legend)
    people = people_of(op, target)
    ax = on_image(op, image, ax)
    for person in people:
        _draw_limbs(ax, person)
        _draw_dots(ax, person)
    if legend:
        _draw_legend(ax, bool((people[..., 2] == 1).any()))
    return ax


def people_of(op: str, target) -> np.ndarray:
    """Return the keypoints as float64 (N, 14, 3)."""
    if isinstance(target, dict) and "keypoints" in target:
        keypoints = as_array(op, "target['keypoints']", target["keypoints"])
        if keypoints.ndim == 2:
            target = {"keypoints": keypoints[None]}
    people = rows_of(op, target, "keypoints", (len(JOINTS), 3)).astype(np.float64)
    if not np.isin(people[..., 2], (0, 1, 2)).all():
        raise bad_argument(op, "target['keypoints']", "has other visibilities", "v = 0, 1 or 2 in the last column")
    if not np.isfinite(people[people[..., 2] > 0]).all():
        raise bad_argument(op, "target['keypoints']", "contains NaN or infinity", "pixels")
    return people


def side_of(joint: int) -> str:
    """Return ``"left"``, ``"right"`` or ``"middle"``."""
    first = JOINTS[joint].split()[0]
    return first if first in SIDES else "middle"


def limb_side(a: int, b: int) -> str:
    """Return the side of the limb between two joints; between the neck and a shoulder it is the shoulder's."""
    sides = {side_of(a), side_of(b)} - {"middle"}
    return sides.pop() if len(sides) == 1 else "middle"


def _effects(width: float) -> list:
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=width + 1.6, foreground=HALO, alpha=0.6, capstyle="round"), Normal()]


def _draw_limbs(ax, person: np.ndarray) -> None:
    for a, b in LIMBS:
        if person[a, 2] == 0 or person[b, 2] == 0:
            continue
        side = limb_side(a, b)
        hidden = person[[a, b], 2].min() == 1
        ax.plot(person[[a, b], 0], person[[a, b], 1], color=SIDES[side], linewidth=2.4,
                linestyle=(0, (2, 1.4)) if hidden else "-", path_effects=None if hidden else _effects(2.4),
                solid_capstyle="round", zorder=3, scalex=False, scaley=False)  # fmt: skip


def _draw_dots(ax, person: np.ndarray) -> None:
    for joint, (x, y, seen) in enumerate(person):
        if seen:
            mark = SIDES[side_of(joint)]
            ax.plot(x, y, "o", markersize=5.5, markeredgewidth=1.8, markeredgecolor=mark,
                    markerfacecolor=mark if seen == 2 else "white", path_effects=_effects(1.8), zorder=4,
                    scalex=False, scaley=False)  # fmt: skip


def _draw_legend(ax, hollow: bool) -> None:
    from matplotlib.lines import Line2D

    style = {"linestyle": "none", "markersize": 6, "markeredgewidth": 1.8}
    looks = [(SIDES[side], SIDES[side], f"person's {side}") for side in ("left", "right")]
    looks += [("none", INK, "hidden")] if hollow else []
    handles = [Line2D([], [], marker="o", markerfacecolor=face, markeredgecolor=edge, label=text, **style)
               for face, edge, text in looks]  # fmt: skip
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, frameon=False, labelcolor=INK,
              fontsize=8, handletextpad=0.2, columnspacing=1.2)  # fmt: skip
