"""The work of one submission as a message, which may go to another machine."""

from __future__ import annotations

import functools
import hashlib
import io
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ..assignments.assignment import Assignment, load
from ..sandbox import choice as sandbox
from .points import PartScore
from .score import score


@dataclass(frozen=True)
class Task:
    """What has to be scored, and everything that is needed for it.

    Attributes
    ----------
    source : bytes
        The assignment's source, from :func:`pack`: as it is now, also for a machine that does not have it.
    term : str
    variants : tuple of (question, variant)
    seed : int
    answers : dict of str to list of str
    todo : tuple of (question, part)
    walls : Sandbox, optional
        What was found on this machine; None: what is found where the task runs.
    unsafe : bool
        Without a sandbox.
    """

    source: bytes
    term: str
    variants: tuple[tuple[str, str], ...]
    seed: int
    answers: dict[str, list[str]]
    todo: tuple[tuple[str, str], ...]
    walls: sandbox.Sandbox | None = None
    unsafe: bool = False


def run_task(task: Task) -> dict:
    """Score a submission. Returns ``{"parts": [...], "seconds": ..., "failure": ""}``, and never raises.

    ``failure`` says what is wrong with the grader, the sandbox or the assignment: no submission is to blame for it.
    """
    try:
        with _loading:  # by one thread; the others find it loaded
            assignment = _load(task.source, task.term, task.variants)
        result = score(
            assignment, task.answers, task.seed, task.walls or _sandbox(task.unsafe), todo=frozenset(task.todo)
        )
    except Exception as error:  # noqa: BLE001  whatever it is, the other submissions go on, and the row says it
        return {"parts": [], "seconds": 0.0, "failure": f"{type(error).__name__}: {error}"[:500]}
    return {"parts": [part._asdict() for part in result.parts], "seconds": result.seconds, "failure": ""}


def parts_of(outcome: dict) -> list[PartScore]:
    """Return the parts of what :func:`run_task` returned."""
    return [PartScore(**part) for part in outcome["parts"]]


def pack(folder: Path) -> bytes:
    """Return the files that grading needs of an assignment's source folder, as a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob("*.py")):
            archive.writestr(zipfile.ZipInfo(f"{folder.name}/{path.name}"), path.read_bytes())
    return buffer.getvalue()


_loading = threading.Lock()


@functools.lru_cache(maxsize=8)
def _load(source: bytes, term: str, variants: tuple[tuple[str, str], ...]) -> Assignment:
    """Load an assignment once per process. It is not left on the disk, where answers could look for it."""
    with tempfile.TemporaryDirectory(prefix=hashlib.sha256(source).hexdigest()[:8]) as folder:
        with zipfile.ZipFile(io.BytesIO(source)) as archive:
            name = archive.namelist()[0].partition("/")[0]
            archive.extractall(folder)
        return load(Path(folder) / name, term, variants=dict(variants))


@functools.lru_cache(maxsize=2)
def _sandbox(unsafe: bool):
    """Find out once per process what sandbox there is; ``SandboxError`` if there is none."""
    return sandbox.unsafe() if unsafe else sandbox.probe()
