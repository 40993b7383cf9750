"""How training went: loss, held-out scores and learning rate over the steps or epochs."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, integer
from .page import COLOURS, INK, dress, dressed, is_list

CLOCKS = ("step", "epoch")
NOT_SCORES = (*CLOCKS, "loss", "lr", "seconds")
LINES = ("--", "-.", ":", "-")  # of the scores: told apart without colours too


def draw_curves(history, *, scores=None, smoothing: int | None = None, ax=None):
    """Draw training curves from records: the loss, faint, and smoothed; held-out scores; the learning rate.

    Parameters
    ----------
    history : sequence of dict
        What :func:`~minidet.training.fit.fit` returns, or records of your own. Each has ``"step"`` or ``"epoch"``, all
        the same one, and any of ``"loss"``, ``"lr"`` and scores; a curve goes through the records that have its entry.
        So a score that is measured once an epoch stands beside losses of every step.
    scores : sequence of str, optional
        The entries drawn on the right axis, from 0 to 1 if they lie there. Unless given, all numbers that are not loss,
        learning rate, seconds, step or epoch.
    smoothing : int, optional
        The loss is averaged over about so many records, the last ones weighing most; 1 for none. A twentieth of the
        records unless given.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        With the loss; the scores have a twin of it at the right, the learning rate one without ticks.

    Notes
    -----
    With L_i the losses and q = 1 - 2 / (smoothing + 1), the smoothed loss is sum_j q^(i - j) L_j / sum_j q^(i - j) over
    j <= i. At the beginning it is not pulled towards 0, as the usual moving average is.
    """
    from matplotlib.ticker import MaxNLocator

    records = _checked(history)
    clock = next(name for name in CLOCKS if name in records[0])
    scores = _scores(records, scores)
    ax = dressed("draw_curves", ax, (6.4, 3.4))
    ax.set_xlabel(clock)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    handles = _draw_loss(ax, *_curve(records, clock, "loss"), smoothing)
    times, rates = _curve(records, clock, "lr")
    if len(times):
        handles.append(_draw_rate(ax, times, rates))
    if scores:
        handles += _draw_scores(ax, {name: _curve(records, clock, name) for name in scores})
    ax.spines["top"].set_visible(False)
    ax.spines["right"].set_visible(bool(scores))
    columns = len(handles) if len(handles) < 4 else -(-len(handles) // 2)
    ax.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False,
              labelcolor=INK, fontsize=8)  # fmt: skip
    return ax


def smooth(values, smoothing: int) -> np.ndarray:
    """Return the moving average of :func:`draw_curves`, float64; values that are not finite are passed over."""
    keep = 1 - 2 / (integer("smooth", "smoothing", smoothing, low=1) + 1)
    total = weight = 0.0
    averages = []
    for value in np.asarray(values, np.float64):
        if math.isfinite(value):
            total, weight = total * keep + value, weight * keep + 1
        averages.append(total / weight if weight else math.nan)
    return np.array(averages)


def _checked(history) -> list[dict]:
    """Return the records as a list, or raise unless all of them have the same clock."""
    records = list(history) if is_list(history) else []
    if not records or not all(isinstance(record, dict) for record in records):
        raise bad_argument("draw_curves", "history", "is no list of dicts, or empty", "records such as fit() returns")
    clock = next((name for name in CLOCKS if name in records[0]), None)
    if clock is None or any(clock not in record for record in records):
        raise bad_argument("draw_curves", "history", "has a record without a time", "'step' in all, or 'epoch' in all")
    return records


def _scores(records: list[dict], scores) -> list[str]:
    names = list(dict.fromkeys(name for record in records for name, value in record.items() if np.ndim(value) == 0
                               and not isinstance(value, str)))  # fmt: skip
    if scores is None:
        return [name for name in names if name not in NOT_SCORES]
    if not is_list(scores):
        raise bad_argument("draw_curves", "scores", f"is a {type(scores).__name__}", "a list of names", error=TypeError)
    for name in scores:
        if not isinstance(name, str) or name not in names:
            raise bad_argument("draw_curves", "scores", f"contains {name!r}", f"some of {names}")
    return list(scores)


def _curve(records: list[dict], clock: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times and values of the records that have an entry."""
    points = [(record[clock], record[name]) for record in records if name in record]
    times, values = as_array("draw_curves", f"history's {clock!r} and {name!r}", points).astype(float).reshape(-1, 2).T
    return times, values


def _draw_loss(ax, times: np.ndarray, losses: np.ndarray, smoothing: int | None) -> list:
    if not len(times):
        return []
    ax.set_ylabel("loss")
    smoothing = max(1, len(times) // 20) if smoothing is None else integer("draw_curves", "smoothing", smoothing, low=1)
    if smoothing == 1:
        return ax.plot(times, losses, color=COLOURS[1], linewidth=1.8, marker=_marker(times), markersize=4,
                       label="loss")  # fmt: skip
    raw = ax.plot(times, losses, color=COLOURS[1], linewidth=0.8, alpha=0.35, label="loss")
    return raw + ax.plot(times, smooth(losses, smoothing), color=COLOURS[1], linewidth=1.8,
                         label=f"loss, averaged over {smoothing}")  # fmt: skip


def _draw_scores(ax, curves: dict[str, tuple[np.ndarray, np.ndarray]]) -> list:
    """Draw each score on the right axis, which ends at 0 and 1 if they lie between."""
    twin = ax.twinx()
    dress(twin)
    twin.spines["top"].set_visible(False)
    handles = []
    for number, (name, (times, values)) in enumerate(curves.items()):
        handles += twin.plot(times, values, color=COLOURS[(0, 3, 2, 6)[number % 4]], linewidth=1.6, label=name,
                             linestyle=LINES[number % len(LINES)], marker=_marker(times), markersize=4)  # fmt: skip
    every = np.concatenate([values for _, values in curves.values()])
    every = every[np.isfinite(every)]
    if every.size and every.min() >= 0 and every.max() <= 1:
        twin.set_ylim(0, 1)
    twin.set_ylabel(", ".join(curves) if len(curves) <= 2 else "scores")
    return handles


def _draw_rate(ax, times: np.ndarray, rates: np.ndarray):
    """Draw the learning rate as a low hill along the bottom: its shape matters, its peak stands in the legend."""
    twin = ax.twinx()
    dress(twin)
    twin.set_yticks([])
    for spine in twin.spines.values():
        spine.set_visible(False)
    peak = np.nanmax(rates)
    twin.set_ylim(0, 4 * peak if peak > 0 else 1)
    return twin.fill_between(times, rates, color=INK, alpha=0.2, linewidth=0, label=f"learning rate, up to {peak:.3g}")


def _marker(times: np.ndarray) -> str | None:
    """Mark the points where they are few."""
    return "o" if len(times) <= 30 else None
