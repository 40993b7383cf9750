"""Tables: a network's shapes with their ratios, the ratio of whole networks, and what is slowest of all."""

from __future__ import annotations

from collections.abc import Iterable

from ..measure import geometric_mean
from .figures import Figure, Figures
from .shapes import Shape
from .table import View, distinct

BARS = (0.9, 1.0)
DIRECTIONS = {False: "forward", True: "forward + backward"}


def weighted_ratio(weighted: Iterable[tuple[int, Figure]]) -> float:
    """Return sum(times * PyTorch's seconds) / sum(times * minidet's): what a whole network's convolutions give."""
    weighted = list(weighted)
    theirs = sum(times * figure.torch_seconds for times, figure in weighted)
    return theirs / sum(times * figure.minidet_seconds for times, figure in weighted)


def view_figures(view: View, figures: Figures, backward: bool, threads: int) -> list[tuple[int, Figure]]:
    """Return how often each shape of a view occurs, with its figure."""
    return [(times, figures.get(shape, backward, threads)) for shape, times in view.shapes.items()]


def view_table(view: View, figures: Figures, threads: int) -> list[str]:
    """Format a network at one size: a row per shape, and the sum, in which a shape counts as often as it occurs."""
    there, back = (view_figures(view, figures, backward, threads) for backward in (False, True))
    whole = sum(times * figure.minidet_seconds for times, figure in back)
    lines = [f"### {view.name}, {threads} thread{'s' if threads > 1 else ''}", ""]
    lines += ["| shape | times | forward | middle half | forward + backward | middle half | of minidet's time |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for (times, one), (_, both) in zip(there, back, strict=True):
        cells = [one.shape.name, str(times)]
        for figure in (one, both):
            cells += [f"{figure.ratio:.2f}", f"{figure.low:.2f} to {figure.high:.2f}"]
        lines.append(f"| {' | '.join(cells)} | {times * both.minidet_seconds / whole:.0%} |")
    count = sum(view.shapes.values())
    sums = [f"**{weighted_ratio(weighted):.2f}**" for weighted in (there, back)]
    return [*lines, f"| **sum** | **{count}** | {sums[0]} | | {sums[1]} | | |", ""]


def summary_table(views: list[View], figures: Figures, threads: int) -> list[str]:
    """Format the ratios of the networks' sums, one row each."""
    lines = [f"### Networks, {threads} thread{'s' if threads > 1 else ''}", ""]
    lines += ["| convolutions of | shapes | calls | forward | forward + backward |", "|---|---|---|---|---|"]
    for view in views:
        there, back = (weighted_ratio(view_figures(view, figures, backward, threads)) for backward in (False, True))
        lines.append(f"| {view.name} | {len(view.shapes)} | {sum(view.shapes.values())} | {there:.2f} | {back:.2f} |")
    return [*lines, ""]


def direction_lines(shapes: list[Shape], figures: Figures, backward: bool, threads: int, worst: int) -> list[str]:
    """Format one direction over all distinct shapes: geometric mean, how many are below the bars, the lowest."""
    chosen = sorted((figures.get(shape, backward, threads) for shape in shapes), key=lambda figure: figure.ratio)
    below = ", ".join(f"{sum(figure.ratio < bar for figure in chosen)} below {bar:g}" for bar in BARS)
    mean = geometric_mean(figure.ratio for figure in chosen)
    direction = DIRECTIONS[backward]
    lines = [f"**{direction}**: geometric mean {mean:.2f} over {len(chosen)} shapes; {below}.", ""]
    if worst:
        lines += [f"| lowest, {direction} | ratio | middle half | minidet, ms |", "|---|---|---|---|"]
    for figure in chosen[:worst]:
        spread = f"{figure.low:.2f} to {figure.high:.2f}"
        lines.append(f"| {figure.shape.name} | {figure.ratio:.2f} | {spread} | {1e3 * figure.minidet_seconds:.3f} |")
    return [*lines, ""] if worst else lines


def report(views: list[View], figures: Figures, threads: int, worst: int) -> str:
    """Format everything that was measured with this number of threads."""
    shapes = distinct(views)
    lines = [line for view in views for line in view_table(view, figures, threads)]
    lines += summary_table(views, figures, threads)
    lines += [f"### All shapes, {threads} thread{'s' if threads > 1 else ''}", ""]
    for backward in (False, True):
        lines += direction_lines(shapes, figures, backward, threads, worst)
    return "\n".join(lines)
