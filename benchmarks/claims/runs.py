"""Runs that are kept: each is one JSON file, written when it is finished; what is finished is not repeated.

A file's name ends in a hash of everything that the run depends on: its settings, its seed, and the run whose weights it
starts from. So a changed setting is another run, and figures of two settings are never mixed. The version of the code
is not part of it: delete the file to repeat a run.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from minidet.serialization import plain_json
from minidet.serialization.safetensors import load_file, save_file, write_file


@dataclass(frozen=True, eq=False)
class Run:
    """One training, or one measurement.

    Parameters
    ----------
    claim, variant : str
        Where it belongs in the tables.
    seed : int
    settings : dict
        Everything else that it depends on, as JSON can hold it.
    work : callable
        ``work(run, before)`` returns the figures, a dict of numbers, and the model; ``before`` is the state_dict that
        ``after`` ended with.
    after : Run, optional
        The run that this one continues.
    keep : bool
        Keep the weights: another run continues this one.
    """

    claim: str
    variant: str
    seed: int
    settings: dict
    work: Callable
    after: Run | None = None
    keep: bool = False

    @property
    def hash(self) -> str:
        """Sixteen hexadecimal digits that depend on settings, seed and earlier runs, and on nothing else."""
        before = self.after.hash if self.after else None
        text = json.dumps([self.claim, self.variant, self.seed, self.settings, before], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """What ``--only`` looks at and the screen shows."""
        return f"{self.claim} {self.variant} seed {self.seed}"

    def path(self, folder: pathlib.Path, suffix: str = ".json") -> pathlib.Path:
        """The run's file."""
        return folder / f"{self.claim}-{self.variant}-seed{self.seed}-{self.hash[:8]}{suffix}"

    def record(self, folder: pathlib.Path) -> dict | None:
        """Return what was kept of the run; None if it is not finished, or its file is damaged."""
        return self.checked(read_json(self.path(folder)))

    def checked(self, record) -> dict | None:
        """Return a record of this run; None for anything else."""
        return record if isinstance(record, dict) and record.get("hash") == self.hash else None


def read_json(path: pathlib.Path):
    """Return what a file holds; None if there is none, or it is damaged."""
    try:
        return plain_json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def select(runs: list[Run], only: str) -> list[Run]:
    """Return the runs whose title contains ``only``, and those that they continue."""
    chosen = {run for run in runs if only in run.title}
    for run in reversed(runs):  # children stand after their parents
        if run in chosen and run.after:
            chosen.add(run.after)
    return [run for run in runs if run in chosen]


def unfinished(runs: list[Run], folder: pathlib.Path) -> list[Run]:
    """Return what is left to do, in order.

    A finished run has to be repeated where a run that continues it is left and its weights are gone.
    """
    waiting: list[Run] = []
    for run in reversed(runs):
        wanted = any(other.after is run for other in waiting)
        if run.record(folder) is None or (wanted and not run.path(folder, ".safetensors").exists()):
            waiting.append(run)
    return waiting[::-1]


def perform(run: Run, folder: pathlib.Path) -> dict:
    """Do a run, keep it, and return its record. Files are written beside, then renamed."""
    before = load_file(run.after.path(folder, ".safetensors")) if run.after else None
    start = time.perf_counter()
    figures, model = run.work(run, before)
    seconds = time.perf_counter() - start
    record = {
        "claim": run.claim,
        "variant": run.variant,
        "seed": run.seed,
        "settings": run.settings,
        "after": run.after.path(folder).name if run.after else None,
        "hash": run.hash,
        "figures": figures,
        "seconds": round(seconds, 2),
    }
    folder.mkdir(parents=True, exist_ok=True)
    if run.keep:
        save_file(model.state_dict(), run.path(folder, ".safetensors"))  # first: a record promises its weights
    write_file(run.path(folder), plain_json.dumps(record).encode())
    return record


def perform_all(runs: list[Run], folder: pathlib.Path) -> None:
    """Do what is left of ``runs``; say which it is, and how long the others will take."""
    waiting = unfinished(runs, folder)
    print(f"{len(runs) - len(waiting)} of {len(runs)} runs are there already.")
    spent = 0.0
    for number, run in enumerate(waiting):
        left = f", about {spent / number * (len(waiting) - number) / 60:.0f} min left" if number else ""
        print(f"run {number + 1} of {len(waiting)}: {run.title}{left}", flush=True)
        spent += perform(run, folder)["seconds"]
