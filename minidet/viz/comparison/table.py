"""The figures of a comparison as cells of a table, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

#: Titles of the columns.
COLUMNS = ("detector", "AP50", "AP", "images per second", "training minutes", "parameters", "multiply-adds")
#: Kinds of mistakes, as ``minidet.metrics.ErrorTypes`` counts them, and what each means.
KINDS = {
    "correct": "class and box are right",
    "localization": "the class is right, the box is not (IoU from 0.1 to 0.5)",
    "confusion": "the box is right, the class is not",
    "duplicate": "the object was found by a surer box before",
    "background": "there is nothing",
    "both": "neither box nor class is right",
    "ignored": "of an object that does not count",
    "missed": "objects that no detection found",
}


def cells(models: Sequence[dict]) -> list[list[str]]:
    """Return a row of ``COLUMNS`` for each detector of a record."""
    rows = []
    for one in models:
        speed = one["images_per_second"]
        rows.append([
            one["title"], between(one["ap50"], "{:.3f}"), short(one["ap"], "{:.3f}"), between(speed, "{:.3g}"),
            short(one["minutes"], "{:.3g}"), large(one["parameters"]), large(one["multiply_adds"]),
        ])  # fmt: skip
    return rows


def error_cells(models: Sequence[dict]) -> list[list[str]]:
    """Return a row for each detector: its title, then the counts of ``KINDS``."""
    return [[one["title"], *(str(one["errors"][kind]) for kind in KINDS)] for one in models]


def short(value: float | None, form: str) -> str:
    """Write a number; "-" for None."""
    return "-" if value is None else form.format(value)


def between(interval: dict, form: str) -> str:
    """Write a figure and its interval."""
    low, high = (short(interval[name], form) for name in ("low", "high"))
    return f"{short(interval['value'], form)} ({low} to {high})"


def large(value: float) -> str:
    """Write a large number with three digits and a unit."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g} {letter}"
    return f"{value:.0f}"
