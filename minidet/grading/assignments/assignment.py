"""An assignment: questions worth points, in parts; each part a set of calls whose results are known.

``assignments/source/NAME/`` holds ``notebook.py`` (story, answer cells with solutions) and ``questions.py`` (what is
checked). assignments/README.md describes the format.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
import types
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path

import numpy as np

from ...errors import bad_argument
from .cells import Cell, read_percent

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
#: How often a part's inputs are drawn.
DRAWS = 3


@dataclass(frozen=True)
class Call:
    """One call of a student's function.

    Attributes
    ----------
    function, args, kwargs
        What is called with what: arrays, numbers, strings, None, and tuples, lists, dicts of them.
    text : str
        What this call is about, for students: ``"a 3 x 3 kernel, padding 1"``.
    picture : bool or "boxes"
        Draw the result of a public check in a notebook: as a table of colours, or, where its last axis is
        ``(x1, y1, x2, y2)`` in pixels, as boxes. Of a tuple or a dict, the first such array.
    rtol, atol : float
        Errors allowed, relative to the expected number and absolute.
    check : callable, optional
        ``check(value, call)`` returns None, or what is wrong, in words: where more than one answer is right.
    expected : optional
        The right result; computed by the reference if None.
    error : str, optional
        The class of the exception that has to be raised, as ``"ValueError"``.
    names : tuple of str
        What the parts of a tuple that is returned are called, as ``("dx", "dw", "db")``.
    parameters : tuple of str
        The function's parameters; :meth:`Assignment.calls` fills them in.
    """

    function: str
    args: tuple
    kwargs: dict | None = None
    _: KW_ONLY
    text: str = ""
    picture: bool | str = False
    rtol: float = 1e-5
    atol: float = 1e-6
    check: Callable | None = None
    expected: object = None
    error: str | None = None
    names: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    def __post_init__(self):
        """Refuse a picture that nobody can draw: else it would be missing in silence."""
        if self.picture not in (False, True, "boxes"):
            raise bad_argument("Call", "picture", f"is {self.picture!r}", "True, False or 'boxes'")

    def inputs(self) -> tuple[list, dict]:
        """Return fresh copies of the arguments."""
        return [deepcopy(arg) for arg in self.args], deepcopy(self.kwargs or {})


@dataclass(frozen=True)
class Part:
    """Points that are lost if one call is wrong. ``cases(rng, variant)`` returns the calls."""

    name: str
    points: int
    cases: Callable[[np.random.Generator, str | None], Sequence[Call]]
    _: KW_ONLY
    hint: str = ""


@dataclass(frozen=True)
class Question:
    """A question: the functions to write, and its parts."""

    id: str
    title: str
    functions: tuple[str, ...]
    parts: Sequence[Part]

    @property
    def points(self) -> int:
        """The sum over all parts."""
        return sum(part.points for part in self.parts)


@dataclass(frozen=True)
class Assignment:
    """An assignment as it is set in one term.

    Attributes
    ----------
    name, title, term : str
        The folder's name, the notebook's heading, and for example ``"2027s"``.
    variants : dict of str to str
        Of each question that has variants, the one drawn for the term.
    questions : list of Question
    reference : dict of str to callable
        The solutions of the drawn variants.
    cells : list of Cell
        The notebook with solutions, without the variants that were not drawn.
    folder : Path
    """

    name: str
    title: str
    term: str
    variants: dict[str, str]
    questions: list[Question]
    reference: dict[str, Callable]
    cells: list[Cell] = field(repr=False)
    folder: Path

    @property
    def allowed_names(self) -> set[str]:
        """The names of all graded functions."""
        return {name for question in self.questions for name in question.functions}

    def calls(self, question: Question, part: Part, rng: np.random.Generator, draws: int = 1) -> list[Call]:
        """Return the calls of a part, its inputs drawn ``draws`` times."""
        variant = self.variants.get(question.id)
        calls = [call for _ in range(draws) for call in part.cases(rng, variant)]
        return [replace(call, parameters=_parameters(self.reference[call.function])) for call in calls]


def expected(assignment: Assignment, call: Call):
    """Return the right result of a call: what is given, or what the reference returns for copies of the arguments.

    None for a call that has to raise, if the reference raises that; ``ValueError`` if it does not.
    """
    if call.expected is not None:
        return call.expected
    args, kwargs = call.inputs()
    function = assignment.reference[call.function]
    if call.error is None:
        return function(*args, **kwargs)
    try:
        function(*args, **kwargs)
    except Exception as error:
        if type(error).__name__ == call.error:
            return None
        raise
    raise bad_argument("expected", f"the reference of {call.function}", "raises nothing", call.error, call.text)


def load(folder: Path, term: str, *, variants: dict[str, str] | None = None) -> Assignment:
    """Read an assignment's source folder, and draw its variants for a term.

    Parameters
    ----------
    folder : Path
        As ``assignments/source/a2_conv_pool_unpool``. The code in it is run.
    term : str
        The seed of the variants.
    variants : dict, optional
        Takes the place of what would be drawn, for some questions or all.
    """
    folder = Path(folder).resolve()
    for name in ("notebook.py", "questions.py"):
        if not (folder / name).is_file():
            raise bad_argument("load", "the folder", f"{folder} has no {name}", "the source of an assignment")
    module = run_file(folder / "questions.py")
    drawn = {question: draw_variant(term, folder.name, question, names) for question, names in module.VARIANTS.items()}
    for question, name in (variants or {}).items():
        if name not in module.VARIANTS.get(question, ()):
            raise bad_argument("load", f"variants[{question!r}]", f"is {name!r}", f"one of {module.VARIANTS}")
        drawn[question] = name
    cells = [cell for cell in read_percent((folder / "notebook.py").read_text(encoding="utf-8"))
             if cell.variant is None or drawn.get(cell.variant[0]) == cell.variant[1]]  # fmt: skip
    title = next((cell.source for cell in cells if cell.kind == "markdown"), folder.name)
    title = title.partition("\n")[0].lstrip("# ")
    reference = _reference(cells, module.QUESTIONS)
    return Assignment(folder.name, title, term, drawn, list(module.QUESTIONS), reference, cells, folder)


def draw_variant(term: str, assignment: str, question: str, names: Sequence[str]) -> str:
    """Return the variant of a term: always the same one for the same term, assignment and question."""
    digest = hashlib.sha256(f"{term}/{assignment}/{question}".encode()).digest()
    return names[int.from_bytes(digest[:8], "big") % len(names)]


def run_file(path: Path) -> types.ModuleType:
    """Run one of the instructor's own Python files, and return it as a module."""
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True), module.__dict__)
    return module


def run_answer(source: str, name: str) -> dict:
    """Run an answer, which knows NumPy as ``np`` and nothing else; return the names that it defines.

    In this process: for the reference, and for students' own checks on their own machine. The grader never does it.
    """
    namespace = {"np": np, "__name__": name}
    exec(compile(source, name, "exec", dont_inherit=True), namespace)
    return namespace


def blank_solutions(cell: Cell) -> Cell:
    """Return a cell with each solution replaced by a line that raises ``NotImplementedError``."""
    lines, inside = [], False
    for line in cell.source.split("\n"):
        mark = line.strip()
        if mark in (BEGIN, END):
            if inside == (mark == BEGIN) or cell.question is None:
                was = f"has {mark!r} in the wrong place: {cell.source[:60]!r}"
                raise bad_argument("blank_solutions", "a cell", was, f"answer cells with {BEGIN!r}, then {END!r}")
            inside = mark == BEGIN
            if inside:
                indent = line[: len(line) - len(line.lstrip())]
                lines.append(f'{indent}raise NotImplementedError("{cell.question}: write this function")')
        elif not inside:
            lines.append(line)
    if inside:
        raise bad_argument("blank_solutions", f"a solution of {cell.question}", "does not end", repr(END))
    return cell._replace(source="\n".join(lines))


def solution_lines(cell: Cell) -> list[str]:
    """Return the lines of a cell that its release does not have."""
    block = re.compile(rf"^[ \t]*{BEGIN}\n(.*?)^[ \t]*{END}", re.MULTILINE | re.DOTALL)
    return [line for body in block.findall(cell.source) for line in body.splitlines() if line.strip()]


def _reference(cells: list[Cell], questions: Sequence[Question]) -> dict[str, Callable]:
    """Run each question's answer cells, and return the functions that they define."""
    reference = {}
    for question in questions:
        source = "\n\n".join(cell.source for cell in cells if cell.question == question.id)
        namespace = run_answer(source, f"the reference of {question.id}")
        for name in question.functions:
            if not callable(namespace.get(name)):
                raise bad_argument("load", f"the answer of {question.id}", f"defines no {name}", "a function")
            reference[name] = namespace[name]
    return reference


@functools.cache
def _parameters(function: Callable) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)
