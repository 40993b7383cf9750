"""Many submissions at once: read, scored in parallel, kept as they come. None of them stops the others.

What was scored already, and would be scored the same way again, is taken from ``OUT/verdicts``: an interrupted run goes
on, and after a change of the questions only the parts that changed are tried again.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..assignments.assignment import Assignment, run_file
from ..intake.answers import read_answers
from ..intake.file_choice import Wanted, defined_names
from ..intake.submissions import Export, Submission, find_submissions
from ..intake.untrusted_files import Refused, printable, read_file
from ..sandbox.choice import Sandbox
from .cache import read_verdicts, write_verdicts
from .fingerprint import definitions, part_key
from .points import PartScore
from .score import student_seed
from .task import Task, pack, parts_of, run_task


@dataclass
class Graded:
    """A submission and what became of it.

    Attributes
    ----------
    submission : Submission
    status : str
        ``"graded"``; ``"no file"``, ``"refused"`` or ``"broken file"``: no points; ``"not graded"``: the grader failed.
    reason : str
        Why it is not graded.
    parts : dict of (question, part) to PartScore
    answers : dict of str to list of str
        The sources of each question's answer cells.
    seconds : float
    fresh : int
        Parts that were tried in this run; the others were known.
    """

    submission: Submission
    status: str = "graded"
    reason: str = ""
    parts: dict[tuple[str, str], PartScore] = field(default_factory=dict)
    answers: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0
    fresh: int = 0


def grade(
    submissions: Path | Export,
    assignment: Assignment,
    out: Path,
    *,
    seed: int = 0,
    jobs: int = 2,
    walls: Sandbox | None = None,
    unsafe: bool = False,
    regrade: bool = False,
    run: Callable[[list[Task]], Iterator[tuple[int, dict]]] | None = None,
    progress: Callable[[Graded], None] = lambda graded: None,
) -> tuple[str, list[Graded]]:
    """Grade all submissions in a folder.

    Parameters
    ----------
    submissions : Path or Export
        A folder as :func:`find_submissions` reads it, or what that has found.
    assignment : Assignment
    out : Path
        Verdicts are kept in ``out/verdicts``.
    seed : int
        Of everybody's inputs.
    jobs : int
        How many submissions at once.
    walls : Sandbox, optional
        Of this machine; None: what is found where the tasks run.
    unsafe : bool
        Without a sandbox.
    regrade : bool
        Try everything again, whatever is known.
    run : callable, optional
        ``run(tasks)`` yields (number of the task, outcome) as they come; default: :func:`run_here`.
    progress : callable
        Told of each submission when it is done.

    Returns
    -------
    format : str
    graded : list of Graded
        One per student, by student.
    """
    export, wanted = submissions, wanted_of(assignment)
    if not isinstance(export, Export):
        export = find_submissions(submissions, wanted, out=out)
    known, source = definitions(assignment), pack(assignment.folder)
    everyone = [read_submission(submission, assignment, wanted) for submission in export.submissions]
    tasks, waiting = [], []
    for graded in everyone:
        if graded.status != "graded":
            progress(graded)
            continue
        # A group hands in one file: its members get the same inputs, and so the same points.
        who = min((graded.submission.student, *graded.submission.partners))
        number = student_seed(seed, assignment.term, assignment.name, who)
        keys = {name: part_key(text, graded.answers.get(name[0]), number) for name, text in known.items()}
        path = out / "verdicts" / f"{graded.submission.slug}.json"
        kept = {} if regrade else read_verdicts(path)
        worth = {(question.id, part.name): part.points for question in assignment.questions for part in question.parts}
        graded.parts = {name: at_worth(kept[key], worth[name]) for name, key in keys.items() if key in kept}
        todo = tuple(name for name in keys if name not in graded.parts)
        if todo:
            variants = tuple(sorted(assignment.variants.items()))
            tasks.append(Task(source, assignment.term, variants, number, graded.answers, todo, walls, unsafe))
            waiting.append((graded, keys, path))
        else:
            progress(graded)
    for number, outcome in (run or (lambda tasks: run_here(tasks, jobs)))(tasks):
        graded, keys, path = waiting[number]
        _enter(graded, outcome, tasks[number])
        write_verdicts(path, {keys[name]: part for name, part in graded.parts.items()})
        progress(graded)
    return export.format, everyone


def wanted_of(assignment: Assignment) -> Wanted:
    """Return what file an assignment asks for, and which other assignments the course has."""
    functions = frozenset(function for question in assignment.questions for function in question.functions)
    beside = {path.parent.name: path for path in assignment.folder.parent.glob("*/questions.py")}
    others = tuple(sorted(beside.keys() - {assignment.name}))
    return Wanted(assignment.name, functions, others, tuple((other, _functions_of(beside[other])) for other in others))


def _functions_of(path: Path) -> frozenset[str]:
    """Return the names of the functions that another assignment asks for: none if its questions cannot be read."""
    try:
        questions = run_file(path).QUESTIONS
        return frozenset(function for question in questions for function in question.functions)
    except Exception:  # noqa: BLE001 -- half-written: no reason not to grade this one
        return frozenset()


def read_submission(submission: Submission, assignment: Assignment, wanted: Wanted) -> Graded:
    """Read a submission's answers; if that fails, say why."""
    if submission.file is None:
        status = "refused" if submission.problem.startswith("refused") else "no file"
        return Graded(submission, status, submission.problem)
    try:
        data = read_file(submission.file)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / (assignment.name + Path(submission.file.name).suffix.lower())
            path.write_bytes(data)
            answers = read_answers(path)
    except Refused as error:
        return Graded(submission, "refused", f"refused: {printable(str(error), 300)}")
    except (ValueError, OSError, RecursionError, MemoryError) as error:
        words = re.sub(r"^read_\w+: ", "", str(error))  # students read it, and know no such function
        return Graded(submission, "broken file", printable(words, 300) or type(error).__name__)
    submission = replace(
        submission, notes="; ".join(filter(None, (submission.notes, *_strange(answers, assignment, wanted))))
    )
    asked = {question.id for question in assignment.questions}
    return Graded(submission, answers={name: cells for name, cells in answers.items() if name in asked})


def _strange(answers: dict[str, list[str]], assignment: Assignment, wanted: Wanted) -> list[str]:
    """Say what in a file looks as if it belonged to something else."""
    notes = []
    if strange := sorted(set(answers) - {question.id for question in assignment.questions}):
        notes.append(f"answer cells of {printable(', '.join(strange))}: {assignment.name} has no such question")
    defined = defined_names("\n".join(source for cells in answers.values() for source in cells))
    if other := wanted.fits_better(defined):
        notes.append(f"its answers define more functions of {other} than of {assignment.name}")
    elif answers and wanted.functions.isdisjoint(defined):
        notes.append(f"its answers define no function of {assignment.name}: perhaps another assignment's file")
    return notes


def at_worth(part: PartScore, points: int) -> PartScore:
    """Return a score with what the part is worth now: that may have changed since, and needs no new verdict."""
    return part._replace(points=points, earned=0 if part.kind else points)


def _enter(graded: Graded, outcome: dict, task: Task) -> None:
    """Note the outcome of a task. If the grader failed, there are no points, not zero points."""
    parts = {(part.question, part.part): part for part in parts_of(outcome)}
    graded.parts = graded.parts | parts
    graded.seconds, graded.fresh = outcome["seconds"], len(parts)
    if outcome["failure"] or len(parts) < len(task.todo):
        graded.status, graded.reason = "not graded", f"the grader failed: {outcome['failure'] or 'parts are missing'}"


def run_here(tasks: list[Task], jobs: int) -> Iterator[tuple[int, dict]]:
    """Run ``jobs`` tasks at once on this machine, and yield (number, outcome) as they come.

    Threads are enough: what students wrote runs in processes of its own, and most of the time is theirs.
    """
    if jobs == 1:
        for number, task in enumerate(tasks):
            yield number, run_task(task)
        return
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="grade")
    try:
        futures = {pool.submit(run_task, task): number for number, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:  # interrupted: what was not begun is left
        pool.shutdown(wait=True, cancel_futures=True)
