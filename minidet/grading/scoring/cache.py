"""Verdicts that were reached already: one file per student, so that an interrupted run goes on where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path

from .points import KINDS, PartScore

#: What another run may find otherwise, on a machine with less to do: it is tried again.
FLEETING = frozenset(KINDS[kind] for kind in ("timeout", "died", "untried"))


def read_verdicts(path: Path) -> dict[str, PartScore]:
    """Return the verdicts in a file by key; none if it is missing or damaged, which costs only time."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {key: PartScore(**part) for key, part in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_verdicts(path: Path, verdicts: dict[str, PartScore]) -> None:
    """Keep a student's verdicts, but for those that time or the machine decided."""
    kept = {key: part._asdict() for key, part in verdicts.items() if part.kind not in FLEETING}
    write_text(path, json.dumps(kept, indent=0))


def write_text(path: Path, text: str) -> None:
    """Write a file beside its place, then rename it: never half a file, and never through a link that lies there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
    beside.write_text(text, encoding="utf-8", errors="replace", newline="")
    beside.replace(path)
