"""The table of the rows: both times, their ratio, and whether the goal is reached."""

from __future__ import annotations

from .measuring import Figure
from .peers import BORROWED, Found
from .rows import BY_NAME

WORDS = {True: "reached", False: "not reached", None: "not compared"}


def duration(seconds: float | None) -> str:
    """Format a time in milliseconds with three digits."""
    return "-" if seconds is None else f"{1e3 * seconds:,.3g}" if seconds < 0.9995 else f"{1e3 * seconds:,.0f}"


def line(figure: Figure) -> str:
    """Format one row."""
    row = BY_NAME[figure.row]
    ratio, spread = "-", "-"
    if figure.ratio is not None:
        ratio, spread = f"{figure.ratio:.2f}", f"{figure.low:.2f} to {figure.high:.2f}"
    verdict = WORDS[row.goal.reached(figure.ratio, figure.minidet_seconds)]
    times = [duration(figure.minidet_seconds), duration(figure.peer_seconds)]
    cells = [row.name, row.peer, *times, ratio, spread, str(row.goal), verdict, str(figure.repeats)]
    return f"| {' | '.join(cells)} |"


def report(figures: list[Figure], found: dict[str, Found], without: dict[str, str]) -> str:
    """Format all figures, most threads first, who the peers were, and what is missing."""
    lines = []
    for threads in sorted({figure.threads for figure in figures}, reverse=True):
        lines += [f"### detection, {threads} thread{'s' if threads > 1 else ''}", ""]
        lines += ["| work | peer | minidet, ms | peer, ms | ratio | middle half | goal | is | repeats |"]
        lines += ["|---|---|---|---|---|---|---|---|---|"]
        lines += [*(line(figure) for figure in figures if figure.threads == threads), ""]
    if "PyTorch" in found and "torchvision" not in found["PyTorch"].versions:
        lines += [BORROWED, ""]
    if found:
        lines += ["Peers:", "", *(f"- {name}: {one}" for name, one in found.items()), ""]
    if without:
        lines += ["Not compared:", "", *(f"- {words}" for words in without.values()), ""]
    return "\n".join(lines)
