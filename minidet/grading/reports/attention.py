"""Whom an instructor should look at, and why: the first part of the class report."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..scoring.points import KINDS, PartScore
from ..scoring.wording import briefly, grouped
from .gradebook import Row

#: Mistakes that may be none: a slow machine, a sandbox that is too strict; or an attempt at something else.
WORRYING = tuple(KINDS[kind] for kind in ("timeout", "died", "forbidden", "protocol"))
#: What a row is listed for, in the order of the list.
UNREAD, NO_CELL, NOT_LOADED, ALL_ZERO, WORRY, NOTE, LATE = range(7)
HEADINGS = {
    NO_CELL: "no answer cell",
    NOT_LOADED: "cells that do not run",
    ALL_ZERO: "everything 0",
    WORRY: "time or sandbox",
    NOTE: "a note",
    LATE: "late",
}


class Attention(NamedTuple):
    """A row to look at: how urgent (0 first), what for in a word or two, and all reasons."""

    rank: int
    heading: str
    row: Row
    reasons: list[str]


def to_look_at(rows: list[Row]) -> list[Attention]:
    """Return the rows that a person should decide on, what may be no fault of the student's first."""
    found = []
    for row in rows:
        reasons = _reasons(row)
        if reasons:
            rank = min(rank for rank, _ in reasons)
            heading = HEADINGS.get(rank, row.graded.status)
            found.append(Attention(rank, heading, row, [words for _, words in sorted(reasons, key=lambda one: one[0])]))
    return sorted(found, key=lambda attention: attention.rank)


def _reasons(row: Row) -> list[tuple[int, str]]:
    """Return (rank, words) of all that is to be said of a row; what was decided by hand is not asked again."""
    graded = row.graded
    parts = [part for part in graded.parts.values() if part.question not in row.manual]
    lost = [part for part in parts if part.kind]
    reasons = [(UNREAD, graded.reason)] if graded.status != "graded" else []
    if parts and all(part.kind == "no answer" for part in parts):
        reasons.append((NO_CELL, f"no answer cell found: {parts[0].reason}"))
    elif lost and not any(part.earned for part in parts) and not any(row.questions.values()):
        kinds = _lines(lost, lambda part: briefly(part.kind), parts)
        reasons.append((ALL_ZERO, f"everything is 0: {'; '.join(kinds)}"))
    for rank, kinds in ((NOT_LOADED, (KINDS["unloaded"],)), (WORRY, WORRYING)):
        chosen = [part for part in lost if part.kind in kinds]
        reasons += [(rank, line) for line in _lines(chosen, lambda part: part.reason, parts)]
    reasons += [(NOTE, graded.submission.notes)] if graded.submission.notes else []
    if row.days_late and row.penalty:
        reasons.append((LATE, f"late: {row.days_late} day{'s' * (row.days_late > 1)}, {row.penalty:g} points less"))
    return reasons


def _lines(chosen: list[PartScore], words: Callable[[PartScore], str], parts: list[PartScore]) -> list[str]:
    return [f"{names}: {said}" for names, said in grouped(chosen, words, parts)]
