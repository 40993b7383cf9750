"""From finished runs to ``docs/results.md``: figures by seed, Markdown tables, the page and its picture."""

from __future__ import annotations

import io
import math
import pathlib
import textwrap

import numpy as np

from minidet.serialization import plain_json
from minidet.serialization.safetensors import write_file
from minidet.viz import subplots

from .runs import Run, read_json
from .statistics import Interval

PAGE = pathlib.Path("docs/results.md")
IMAGES = pathlib.Path("docs/images")


class Figures:
    """The figures of all finished runs of a plan: those in ``folder``, for the others those of the file ``kept``."""

    def __init__(self, runs: list[Run], folder: pathlib.Path, kept: pathlib.Path | None = None):
        listed = kept and read_json(kept)
        earlier = {one.get("hash"): one for one in listed or () if isinstance(one, dict)}
        records = [run.record(folder) or run.checked(earlier.get(run.hash)) for run in runs]
        self.planned = len(runs)
        self.records = [record for record in records if record is not None]

    def keep(self, path: pathlib.Path) -> None:
        """Write the records to a file, if there are any: tables can then be made where the runs are not."""
        if not self.records:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, plain_json.dumps(self.records).encode())

    def of(self, claim: str, variant: str, figure: str) -> dict[int, float]:
        """Return {seed: figure} of the finished runs of one variant."""
        return {
            record["seed"]: record["figures"][figure]
            for record in self.records
            if (record["claim"], record["variant"]) == (claim, variant)
        }

    def about(self, claim: str) -> str:
        """Say how long the trainings of a claim are, and what they took."""
        records = [record for record in self.records if record["claim"] == claim]
        if not records:
            return "no run is finished"
        settings = records[0]["settings"]
        seconds = [record["seconds"] for record in records]
        return (
            f"{records[0]['figures']['steps']} steps of {settings['batch_size']} scenes of "
            f"{settings['size']} x {settings['size']} pixels, {min(seconds):.0f} to {max(seconds):.0f} s a run"
        )


def side_by_side(figures: Figures, left_of, right_of, height: float):
    """Draw scores on the left and what a part gains on the right, both with a row each, the first on top; a figure.

    ``left_of`` and ``right_of`` draw ``figures`` on an ``ax``: their second argument.
    """
    figure, axes = subplots(1, 2, figsize=(9.0, height))
    for ax, draw in zip(axes, (left_of, right_of), strict=True):
        draw(figures, ax)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
        ax.invert_yaxis()
    return figure


def paragraph(text: str) -> str:
    """Break text into lines of at most 120 characters, wherever it was broken before."""
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Format a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def mean_and_each(by_seed: dict[int, float]) -> str:
    """Format a mean, and the value of every seed behind it."""
    if not by_seed:
        return "-"
    each = ", ".join(f"{by_seed[seed]:.3f}" for seed in sorted(by_seed))
    return f"{np.mean(list(by_seed.values())):.3f} ({each})"


def difference(found: Interval) -> list[str]:
    """Format a difference in three cells: mean, 95 % interval, verdict."""
    mean = "-" if math.isnan(found.mean) else f"{found.mean:+.3f}"
    limits = f"{found.low:+.3f} to {found.high:+.3f}" if found.count > 1 else "-"
    return [mean, limits, found.verdict()]


def marks(chapter: str) -> tuple[str, str]:
    """Return the two lines of the page between which a chapter's claims stand."""
    return f"<!-- claims {chapter}: begin -->", f"<!-- claims {chapter}: end -->"


def redraw(page: pathlib.Path, chapter: str, text: str) -> None:
    """Replace what stands between the marks of the page; the rest stays.

    Raises
    ------
    ValueError
        If the page has not both marks, each once, in order.
    """
    begin, end = marks(chapter)
    before = page.read_text()
    if before.count(begin) != 1 or before.count(end) != 1 or before.index(begin) > before.index(end):
        raise ValueError(f"redraw: {page} needs the lines {begin} and {end}, in this order, each of them once.")
    head, rest = before.split(begin)
    tail = rest.split(end)[1]
    write_file(page, f"{head}{begin}\n\n{text.strip()}\n\n{end}{tail}".encode())


def save_picture(figure, path: pathlib.Path) -> None:
    """Write a figure as SVG; the same figure gives the same bytes."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    with plt.rc_context({"svg.hashsalt": "minidet"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, buffer.getvalue())
