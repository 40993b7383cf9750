"""``minidet check a2 [q3]``: run an assignment's public checks on the answers in a notebook."""

from __future__ import annotations

import argparse
import pathlib

from ..errors import bad_argument
from ..grading.assignments.cells import Cell, answer_cells
from ..grading.assignments.magics import without_magics
from ..grading.assignments.public_cases import CASES, read_public
from ..grading.intake.answers import answers_of, read_cells
from ..grading.public.check import LIMITS, Answer, check_question, choose, find_cases, total
from ..grading.public.notebook_names import defined
from ..grading.sandbox.own_machine import running


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("assignment", help="as a2; or the path of your notebook (.ipynb or .py), or of its folder")
    parser.add_argument("question", nargs="?", help="as q3; all questions if it is left out")


def run(args: argparse.Namespace) -> int:
    """Print what is right and what is not; return 0 if all public checks passed, else 1."""
    path = find_notebook(args.assignment)
    public = read_public(find_cases(released_name(path, args.assignment), path.parent))
    cells = read_cells(path)
    answers, chosen = answers_of(cells), choose(public, args.question)
    print(f"{path}: {public.title}\n")
    with running(answers, LIMITS) as runs:
        passed = [check_question(one, runs.call, answer_in(cells, one.id), picture=False) for one in chosen]
    if args.question is None:
        print(f"\n{total(passed)}")
    return int(any(one < of for one, of in passed))


def answer_in(cells: list[Cell], question: str) -> Answer:
    """Return the answer of a question in a notebook, and the names that its other cells define."""
    pieces = [piece for cell in cells if cell.kind == "code" for piece in answer_cells(cell) or [cell]]
    names = defined(without_magics(piece.source) for piece in pieces if piece.question != question)
    return Answer(answers_of(cells).get(question, []), names, f"no cell begins with '# answer: {question}'")


def find_notebook(assignment: str) -> pathlib.Path:
    """Return the notebook that is meant: the path itself, or the only one that fits the assignment's name.

    It is looked for in this folder, then in folders below it of the assignment's name.
    """
    path = pathlib.Path(assignment)
    if path.is_file():
        return path
    if path.is_dir():
        found = sorted(path.glob("*.ipynb"))
    else:
        patterns = (f"{assignment}*.ipynb", f"{assignment}*/{assignment}*.ipynb",
                    f"assignments/{assignment}*/{assignment}*.ipynb")  # fmt: skip
        found = next(filter(None, (sorted(pathlib.Path().glob(pattern)) for pattern in patterns)), [])
    if len(found) == 1:
        return found[0]
    was = "are " + ", ".join(map(str, found)) if found else f"{assignment!r} cannot be found here"
    raise bad_argument("check", "the notebook" + "s" * bool(found), was, "one notebook: name its path")


def released_name(notebook: pathlib.Path, assignment: str) -> str:
    """Return the name of the assignment that a notebook belongs to, from the folder that it lies in or its own name."""
    beside = notebook.parent / CASES
    if beside.is_file():
        return read_public(notebook.parent).name
    for above in (notebook.resolve().parent, *notebook.resolve().parents):
        for place in (above, above / "assignments"):
            for candidate in sorted(place.glob(f"*/{CASES}")):
                name = candidate.parent.name
                if notebook.stem.startswith(name) or name.split("_")[0] in (assignment, notebook.stem.split("_")[0]):
                    return name
    why = f"{CASES} and public.npz come with the notebook, in the same folder"
    raise bad_argument("check", "the notebook", f"{notebook} lies alone", "the files of its assignment", why)
