"""The cells of a notebook as they were last run: what IPython remembers of them."""

from __future__ import annotations

import re
import sys

from ..assignments.cells import Cell, answer_cells
from ..intake.answers import answers_of

DEFINED = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)


class History:
    """Remembers the cells that a notebook runs.

    IPython numbers what is run, and a cell that was run three times stands there three times. Which runs are of the
    same cell, Jupyter tells beside it, while it runs; so this listens. Of cells that were run before it did, or where
    nothing is told, a later one takes the place of an earlier one that defines the same function.

    Parameters
    ----------
    names : dict
        The notebook's names. Without IPython there is nothing to remember, and :attr:`known` is False.
    """

    def __init__(self, names: dict):
        self._names = names
        self._told: dict[int, str] = {}  # the cell of a run
        shell = self._shell()
        if shell is not None:
            shell.events.register("pre_run_cell", self._listen)

    @property
    def known(self) -> bool:
        """Whether cells are remembered here at all."""
        return isinstance(self._names.get("In"), list)

    def cells(self) -> list[Cell]:
        """Return the cells, in the order in which they were run first, each as it was run last."""
        latest: list[tuple[str | None, str]] = []
        for number, source in enumerate(self._sources()):
            if not isinstance(source, str):
                continue
            cell = self._told.get(number)
            places = [place for place, old in enumerate(latest) if _same(old, (cell, source))]
            for place in reversed(places[1:]):
                del latest[place]
            first = places[0] if places else len(latest)
            latest[first : first + 1] = [(cell, source)]
        return [Cell("code", source) for _, source in latest]

    def answers(self) -> dict[str, list[str]]:
        """Return the sources of each question's answer cells."""
        return answers_of(self.cells())

    def _shell(self):
        """Return IPython, if the notebook's names are its own."""
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        return shell if getattr(shell, "user_ns", None) is self._names else None

    def _sources(self) -> list:
        """Return what was run, as it was written: in ``In``, magic words are already something else."""
        shell = self._shell()
        raw = getattr(getattr(shell, "history_manager", None), "input_hist_raw", None)
        return list(raw if raw is not None else self._names["In"])

    def _listen(self, info) -> None:
        cell = getattr(info, "cell_id", None)
        if cell is not None and getattr(info, "store_history", False):
            self._told[len(self._sources())] = cell  # where it will stand: it is listed after this


def _same(old: tuple[str | None, str], new: tuple[str | None, str]) -> bool:
    """Tell whether two runs are of the same cell."""
    if old[0] is not None and new[0] is not None:
        return old[0] == new[0]
    if old[1] == new[1]:
        return True
    questions = [{piece.question for piece in answer_cells(Cell("code", source))} for _, source in (old, new)]
    defined = [set(DEFINED.findall(source)) for _, source in (old, new)]
    return questions[0] == questions[1] and bool(defined[0] & defined[1])
