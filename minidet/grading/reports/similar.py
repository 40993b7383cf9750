"""Which submissions read alike, and which read like minidet's own files: for the instructor to look at, never scored.

Code is cut into runs of tokens without comments, docstrings and the names of variables, so renaming and reformatting
do not hide a copy. Two beginners who write the same short loop look alike too: a list is where looking begins.
"""

from __future__ import annotations

import functools
import itertools
import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..assignments.assignment import Assignment, blank_solutions
from ..scoring.batch import Graded

#: Tokens in a run: shorter ones are shared by everybody, longer ones break at the first changed line.
RUN = 12
#: Of a class of at least MANY, what more than this share have written is the way everybody writes it.
MANY, COMMON = 20, 0.2
#: Runs that have to be shared, and their share of the smaller submission, to be listed.
LEAST, ALIKE = 25, 0.6
#: Answers longer than this many characters are compared up to there.
LONGEST = 100_000

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<doc>[rbfuRBFU]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''))
      | (?P<string>[rbfuRBFU]{0,2}(?:\"(?:[^"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'))
      | (?P<attribute>\.\s*[A-Za-z_]\w*)
      | (?P<name>[^\W\d]\w*)
      | (?P<number>\d[\w.]*)
      | (?P<sign>[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)


class Pair(NamedTuple):
    """Two things that read alike: the share of the smaller one that is in the other, 0 to 1, and in which answers."""

    one: str
    other: str
    share: float
    questions: tuple[str, ...] = ()


def tokens(source: str) -> list[str]:
    """Return the tokens of Python code, also of code that Python would not read."""
    found = []
    for match in TOKEN.finditer(source[:LONGEST]):
        kind, text = match.lastgroup, match[0]
        if kind in ("comment", "doc"):
            continue
        if kind == "name":
            text = text if keyword.iskeyword(text) or text == "np" else "n"
        found.append({"string": "s", "attribute": re.sub(r"\s", "", text)}.get(kind, text))
    return found


@functools.lru_cache(maxsize=2000)
def runs(source: str) -> frozenset[int]:
    """Return the runs of tokens of some code, as numbers."""
    found = tokens(source)
    return frozenset(hash(tuple(found[i : i + RUN])) for i in range(len(found) - RUN + 1))


def similar_students(everyone: list[Graded], assignment: Assignment) -> list[Pair]:
    """Return the pairs of submissions that read alike, the most alike first. Members of one group are no pair."""
    given = scaffold(assignment)
    by_question = [{name: runs("\n\n".join(cells)) - given for name, cells in graded.answers.items()}
                   for graded in everyone]  # fmt: skip
    whole = [frozenset().union(*answers.values()) for answers in by_question]
    holders = defaultdict(list)
    for student, found in enumerate(whole):
        for run in found:
            holders[run].append(student)
    too_many = max(8, COMMON * len(everyone)) if len(everyone) >= MANY else len(everyone)
    common = {run for run, students in holders.items() if len(students) > too_many}
    shared: Counter = Counter()
    for run, students in holders.items():
        if run not in common:
            shared.update(itertools.combinations(students, 2))
    pairs = []
    for (one, other), count in shared.items():
        share = count / max(min(len(whole[one] - common), len(whole[other] - common)), 1)
        first, second = everyone[one].submission, everyone[other].submission
        if count >= LEAST and share >= ALIKE and second.student not in first.partners:
            questions = _alike_questions(by_question[one], by_question[other])
            pairs.append(Pair(first.student, second.student, share, questions))
    return sorted(pairs, key=lambda pair: (-pair.share, pair.one, pair.other))


def _alike_questions(one: dict[str, frozenset], other: dict[str, frozenset]) -> tuple[str, ...]:
    names = sorted(set(one) & set(other))
    smaller = {name: max(min(len(one[name]), len(other[name])), 1) for name in names}
    return tuple(name for name in names if len(one[name] & other[name]) / smaller[name] >= ALIKE)


def similar_to_files(everyone: list[Graded], assignment: Assignment, files: dict[str, str]) -> list[Pair]:
    """Return which answers read like which file (name to text): at most one file per answer, the most alike first."""
    given = scaffold(assignment)
    holders = defaultdict(set)
    for name, text in files.items():
        for run in runs(text):
            holders[run].add(name)
    pairs = []
    for graded in everyone:
        for question, cells in graded.answers.items():
            found = runs("\n\n".join(cells)) - given
            counts = Counter(name for run in found for name in holders.get(run, ()))
            if len(found) >= LEAST and counts:
                name, count = counts.most_common(1)[0]
                if count / len(found) >= ALIKE:
                    pairs.append(Pair(graded.submission.student, name, count / len(found), (question,)))
    return sorted(pairs, key=lambda pair: (-pair.share, pair.one, pair.questions))


def scaffold(assignment: Assignment) -> frozenset[int]:
    """Return the runs that every submission has, because they were given."""
    cells = [blank_solutions(cell).source for cell in assignment.cells if cell.question is not None]
    return frozenset().union(*(runs(source) for source in cells)) if cells else frozenset()


def own_files(assignment: Assignment) -> dict[str, str]:
    """Return what a student may have copied from: minidet's files, the notebooks beside them, and this solution."""
    package = Path(__file__).parents[2]
    notebooks: Iterable[Path] = (package.parent / "notebooks").glob("*.py")
    files = {str(path.relative_to(package.parent)): _text(path) for path in (*package.rglob("*.py"), *notebooks)}
    solution = "\n".join(cell.source for cell in assignment.cells if cell.question is not None)
    return files | {"the solution of this assignment": solution}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
