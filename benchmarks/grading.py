"""``python -m benchmarks.grading``: grade a hundred synthetic submissions, and say how long it took.

Right answers, an alternative that is right, every typical wrong answer, the untouched release, and answers that are
broken in several ways: no Python, endless, ended by themselves, out of memory, no notebook at all; and once each, what
students really hand in (odd_submissions.py). Their points are known, so it is also a test.

::

    python -m benchmarks.grading                       a hundred of assignment a2, two at once
    python -m benchmarks.grading --count 20 --jobs 1 --assignment a1 --keep runs/grading
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable

from tqdm import tqdm

from minidet.commands.grade import find_source
from minidet.grading.assignments.assignment import Assignment, blank_solutions, load, run_file
from minidet.grading.assignments.release import term_of
from minidet.grading.reports.gradebook import make_rows
from minidet.grading.reports.write import write_reports
from minidet.grading.sandbox import choice as sandbox
from minidet.grading.scoring.batch import grade

from .odd_submissions import notebook, odd_submissions, write

SECONDS = 180.0  # for a hundred
HOARD = "hoard = np.ones(50_000_000_000 // 8)"
#: name -> what becomes of the reference's answer to one question
BREAKAGES: dict[str, Callable[[str], str]] = {
    "no_python": lambda source: source + "\ndef (:\n",
    "endless": lambda source: source + "\nwhile True:\n    pass\n",
    "ends_itself": lambda source: source + "\nimport os\nos._exit(0)\n",
    # below every marker: what stands above one is a piece of its own and costs nothing, and a cell fails by itself
    "takes_all_memory": lambda source: re.sub("(?m)^# answer.*$", r"\g<0>\n" + HOARD, source),
    "talks_a_lot": lambda source: source + "\nwhile True:\n    print('x' * 100_000)\n",
}


def reference_answers(assignment: Assignment, *, solved: bool = True) -> dict[str, str]:
    """Return the source of every question's answer, with or without its solution."""
    answers: dict[str, str] = {}
    for cell in assignment.cells:
        if cell.question is not None:
            source = cell.source if solved else blank_solutions(cell).source
            answers[cell.question] = f"{answers.get(cell.question, '')}\n{source}\n"
    return answers


def closed(question: str, source: str) -> str:
    """Return an answer whose functions go on calling each other, whatever stands below them under their names.

    A wrong answer says what *its* functions lose; the reference's others are right, as in the tests.
    """
    inside = textwrap.indent(source, "    ")
    lines = [f"# answer: {question}", "def _reference():", inside, "    return locals()", ""]
    return "\n".join([*lines, "", "globals().update(_reference())", ""])


def replace_answers(assignment: Assignment, path: pathlib.Path) -> dict[str, str]:
    """Return the answers in which the functions of a file stand instead of the reference's."""
    names, answers = vars(run_file(path)), reference_answers(assignment)
    for question in assignment.questions:
        choice = names.get("VARIANTS_OF", {}).get(question.id)
        if choice is not None:
            drawn = assignment.variants[question.id]
            if drawn not in choice:
                continue
            pick = f'VARIANTS_OF["{question.id}"]["{drawn}"]'
            lines = [f"{question.functions[0]} = {pick}"] if callable(choice[drawn]) else [f"globals().update({pick})"]
        elif any(name in names for name in question.functions):
            lines = []
        else:
            continue
        answers[question.id] = closed(question.id, answers[question.id])
        answers[question.id] += "\n".join(["", path.read_text(encoding="utf-8"), *lines, ""])
    return answers


def points_left(assignment: Assignment, path: pathlib.Path) -> int:
    """Return the points that a typical wrong answer leaves."""
    loses = run_file(path).LOSES
    loses = loses(assignment.variants) if callable(loses) else loses
    worth = {(question.id, part.name): part.points for question in assignment.questions for part in question.parts}
    return sum(worth.values()) - sum(worth[question, part] for question, parts in loses.items() for part in parts)


def kinds(assignment: Assignment) -> list[tuple[str, dict[str, str] | str, int]]:
    """Return every kind of submission: (name, answers or the file's whole text, points)."""
    reference, folder = reference_answers(assignment), assignment.folder
    wrong = [(path.stem, replace_answers(assignment, path), points_left(assignment, path))
             for path in sorted((folder / "wrong").glob("*.py"))]  # fmt: skip
    right = [("reference", reference, 100)]
    right += [(path.stem, replace_answers(assignment, path), 100) for path in sorted(folder.glob("alternative*.py"))]
    others = [("untouched", reference_answers(assignment, solved=False), 0), ("no_notebook", '{"cells": [', 0)]
    for number, (name, breakage) in enumerate(BREAKAGES.items()):
        question = assignment.questions[number % len(assignment.questions)]
        answers = reference | {question.id: breakage(reference[question.id])}
        others.append((name, answers, 100 - question.points))
    mixed = []
    for number in range(max(len(wrong), 2 * len(others), 2 * len(right))):
        mixed += [wrong[number % len(wrong)]] if wrong else []
        mixed += [others[number // 2 % len(others)]] if number % 2 else [right[number // 2 % len(right)]]
    return mixed


def write_submissions(assignment: Assignment, folder: pathlib.Path, count: int) -> dict[str, int]:
    """Write a folder per student, and return everyone's points."""
    choice, points = kinds(assignment), {}
    odd = odd_submissions(assignment, reference_answers(assignment))[: count // 2]
    for one in odd:
        write(one, folder / one.name)
        points[one.name] = one.points
    for number in range(count - len(odd)):
        name, answers, worth = choice[number % len(choice)]
        student = f"s{number:03d}_{name}"
        path = folder / student / f"{assignment.name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(answers.encode() if isinstance(answers, str) else notebook(answers.items()))
        points[student] = worth
    return points


def parse(arguments=None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__.split("\n")[0])
    parser.add_argument("--assignment", default="a2")
    parser.add_argument("--source", type=pathlib.Path, default=pathlib.Path("assignments/source"))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path, help="keep submissions and reports in this folder")
    parser.add_argument("--unsafe-no-sandbox", action="store_true")
    return parser.parse_args(arguments)


def main(arguments=None) -> int:
    """Write, grade, compare the points. Returns 1 if points are wrong or it took too long."""
    args = parse(arguments)
    assignment = load(find_source(args.source, args.assignment), term_of(args.source.parent))
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        expected = write_submissions(assignment, folder / "submissions", args.count)
        started = time.monotonic()
        walls = sandbox.unsafe() if args.unsafe_no_sandbox else sandbox.probe()
        with tqdm(total=args.count, unit="submission", leave=False) as bar:
            kind, everyone = grade(folder / "submissions", assignment, folder / "report", jobs=args.jobs, walls=walls,
                                   regrade=True, progress=lambda graded: bar.update())  # fmt: skip
        scored = time.monotonic() - started
        rows = make_rows(everyone, assignment, {})
        write_reports(rows, assignment, folder / "report", kind, [f"sandbox: {walls.kind}"])
        seconds = time.monotonic() - started
    slowest = sorted(everyone, key=lambda graded: -graded.seconds)[:3]
    print(f"{args.count} submissions of {assignment.name}, {args.jobs} at once, sandbox: {walls.kind}")
    print(f"scored in {scored:.1f} s, with reports {seconds:.1f} s (allowed: {SECONDS * args.count / 100:.0f} s)")
    print("slowest: " + ", ".join(f"{graded.submission.student} {graded.seconds:.1f} s" for graded in slowest))
    wrong = [row for row in rows if row.total != expected[row.graded.submission.student]]
    for row in wrong:
        print(f"WRONG {row.graded.submission.student}: {row.total}, expected "
              f"{expected[row.graded.submission.student]}: {row.reason[:300]}")  # fmt: skip
    return 1 if wrong or seconds > SECONDS * args.count / 100 else 0


if __name__ == "__main__":
    sys.exit(main())
