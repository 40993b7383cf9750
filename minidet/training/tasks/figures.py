"""What an evaluation returns: named figures, and how they are written down."""

from __future__ import annotations

import numpy as np


class Figures(dict):
    """Named figures: a dict of name to number, in the order in which they are reported.

    Parameters
    ----------
    values : dict of str, float
    images : int
        How many images they are about.
    classes : list of str
        The rows of ``per_class``.
    per_class : dict of str, ndarray (K,)
        More figures, one for each class, by their name; NaN where a class has none.
    baseline : dict of str, float
        The figures of the simplest model there is, for those that have one.
    baseline_name : str
        What that model does.
    row_name : str
        What the rows of ``per_class`` are, if not classes.
    """

    def __init__(self, values: dict[str, float], images: int, *, classes=(), per_class=None, baseline=None,
                 baseline_name: str = "baseline", row_name: str = "class"):  # fmt: skip
        super().__init__({name: float(value) for name, value in values.items()})
        self.images = images
        self.classes = list(classes)
        self.per_class = per_class or {}
        self.baseline = {name: float(value) for name, value in (baseline or {}).items()}
        self.baseline_name, self.row_name = baseline_name, row_name

    def report(self) -> str:
        """Return a table with a line for each class, if there are any, then a line for each figure."""
        return "\n".join([*self._table(), *(self.line(name) for name in self)])

    def line(self, name: str, digits: int = 3) -> str:
        """Return one figure in words, beside the baseline's."""
        words = f"{name} {self[name]:.{digits}f}"
        if name in self.baseline:
            words += f" ({self.baseline_name} {self.baseline[name]:.{digits}f})"
        return words

    def _table(self) -> list[str]:
        if not self.per_class:
            return []
        width = max(len(name) for name in [*self.classes, self.row_name])
        lines = ["  ".join([f"{self.row_name:<{width}}", *(f"{title:>5}" for title in self.per_class)])]
        for name, *values in zip(self.classes, *self.per_class.values(), strict=True):
            cells = ["-" if np.isnan(value) else f"{value:.3f}" for value in values]
            cells = [f"{cell:>{max(len(title), 5)}}" for title, cell in zip(self.per_class, cells, strict=True)]
            lines.append("  ".join([f"{name:<{width}}", *cells]))
        return lines
