"""The figures of a comparison: speed against accuracy, kinds of mistakes, precision against recall.

Each takes the list ``"models"`` of the record that ``minidet compare`` writes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..page import INK, colour, dressed
from .table import KINDS

MARKERS, LINES = "osD^vPX", ("-", "--", "-.", ":")


def draw_speed(models: Sequence[dict], ax=None):
    """Draw each detector's AP50 over its images per second; the best is at the upper right.

    Bars are the interval of AP50, and the middle half of the speeds.
    """
    ax = dressed("draw_speed", ax, (6.4, 3.6))
    for number, one in enumerate(models):
        (x, left, right), (y, below, above) = (_interval(one[name]) for name in ("images_per_second", "ap50"))
        ax.errorbar(x, y, [[max(y - below, 0)], [max(above - y, 0)]], [[max(x - left, 0)], [max(right - x, 0)]],
                    color=colour(number), marker=MARKERS[number % 7], markersize=8, capsize=3)  # fmt: skip
        ax.annotate(one["title"], (x, y), (9, 7), textcoords="offset points", color=colour(number), fontsize=9)
    ax.margins(x=0.25, y=0.2)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ticks = [factor * 10.0**power for power in range(-3, 6) for factor in (1, 1.5, 2, 3, 5, 7)]
    ax.set_xticks([tick for tick in ticks if low <= tick <= high])
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xticks([], minor=True)
    ax.set(xlabel="images per second, one at a time", ylabel="AP50")
    _open(ax)
    return ax


def draw_errors(models: Sequence[dict], ax=None):
    """Draw, for each kind of mistake, a bar for each detector: how many of the surest detections are of it."""
    ax = dressed("draw_errors", ax, (6.4, 1.4 + len(KINDS) * max(0.5, 0.17 * len(models))))
    height = 0.8 / len(models)
    for number, one in enumerate(models):
        counts = [one["errors"][kind] for kind in KINDS]
        places = np.arange(len(KINDS)) + (number - (len(models) - 1) / 2) * height
        bars = ax.barh(places, counts, height * 0.9, color=colour(number), label=one["title"])
        ax.bar_label(bars, padding=3, color=INK, fontsize=8)
    ax.set_yticks(range(len(KINDS)), list(KINDS))
    ax.invert_yaxis()
    ax.margins(x=0.08)
    ax.set_xlabel("detections (missed: objects)")
    _open(ax)
    _legend(ax, len(models))
    return ax


def draw_precision_recall(models: Sequence[dict], recall: Sequence[float], ax=None):
    """Draw precision over recall at an IoU of 0.5, the mean over classes: below each curve is AP50."""
    ax = dressed("draw_precision_recall", ax, (6.4, 3.8))
    for number, one in enumerate(models):
        curve = np.array(one["precision"], float)  # None becomes NaN
        ax.plot(recall, curve, LINES[number % 4], color=colour(number), linewidth=1.8, label=one["title"])
    ax.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    _open(ax)
    _legend(ax, len(models))
    return ax


def _interval(figure: dict) -> tuple[float, float, float]:
    """Return value, low and high; NaN for None."""
    return tuple(float("nan") if figure[name] is None else figure[name] for name in ("value", "low", "high"))


def _open(ax) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _legend(ax, many: int) -> None:
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(many, 4), frameon=False, labelcolor=INK,
              fontsize=9)  # fmt: skip
