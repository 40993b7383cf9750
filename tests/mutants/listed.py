"""The mutants that are no mistakes, each with its reason: ``equivalent.txt``."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).parent / "equivalent.txt"


def listed(path: Path = FILE) -> dict[str, str]:
    """Return key -> reason. A line that begins with ``=`` is the reason for the keys below it, ``#`` is a comment."""
    reasons, reason = {}, ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("="):
            reason = line[1:].strip()
        elif line and not line.startswith("#"):
            if not reason or line.count(" | ") < 2:
                raise ValueError(f"{path}, line {number}: is {line!r}, expected FUNCTION | SOURCE | OLD -> NEW")
            if line in reasons:
                raise ValueError(f"{path}, line {number}: stands there twice: {line}")
            reasons[line] = reason
    return reasons
