"""What is known of a shape after it was measured, and the file that keeps it: a run that was interrupted goes on."""

from __future__ import annotations

import json
import pathlib
from dataclasses import asdict, dataclass

from .shapes import Shape


@dataclass(frozen=True)
class Figure:
    """One shape, one direction, one number of threads."""

    shape: Shape
    backward: bool
    threads: int
    pairs: int  # how often the two took turns
    ratio: float  # median of PyTorch time / minidet time, pair by pair
    low: float  # first quartile of the ratio
    high: float  # third quartile
    minidet_seconds: float  # medians
    torch_seconds: float


class Figures:
    """Figures by shape, direction and threads; with a ``path``, each is also a line of JSON in that file.

    The first line tells where and how the figures were measured: ``origin``. A file of another origin is refused, since
    its figures cannot stand beside those of this run. The version of minidet's own code is not part of it: after a
    change of the kernels, begin another file.
    """

    def __init__(self, path: pathlib.Path | None = None, origin: dict | None = None):
        self._path, self._known = path, {}
        if path is None:
            return
        lines = self._read(path, origin or {})
        for line in lines:
            self._remember(Figure(**{**line, "shape": Shape(**line["shape"])}))
        # what an interrupted write left behind goes: the next line would be appended to it
        beside = path.with_name(f"{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text("".join(json.dumps(line) + "\n" for line in ({"origin": origin or {}}, *lines)))
        beside.replace(path)

    @staticmethod
    def _read(path: pathlib.Path, origin: dict) -> list[dict]:
        if not path.exists():
            return []
        whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
        if not whole:
            return []
        try:
            first, *lines = (json.loads(line) for line in whole)
            found = first["origin"]
        except (ValueError, KeyError, TypeError):
            raise SystemExit(f"benchmarks: {path} is no record of figures: choose another file") from None
        if found != origin:
            raise SystemExit(
                f"benchmarks: {path} was measured with {found}, this run has {origin}: choose another file"
            )
        return lines

    def _remember(self, figure: Figure) -> None:
        self._known[figure.shape, figure.backward, figure.threads] = figure

    def add(self, figure: Figure) -> None:
        """Keep a figure."""
        self._remember(figure)
        if self._path is not None:
            with self._path.open("a") as file:
                file.write(json.dumps(asdict(figure)) + "\n")

    def get(self, shape: Shape, backward: bool, threads: int) -> Figure | None:
        """Return a figure, or None where it was not measured."""
        return self._known.get((shape, backward, threads))
