"""``minidet grade SUBMISSIONS --out report``: score what students handed in, in a sandbox; write grades and reports."""

from __future__ import annotations

import argparse
import datetime
import functools
import pathlib
import re
import sys

from tqdm import tqdm

from ..errors import bad_argument
from ..grading.assignments.assignment import load
from ..grading.intake.submissions import FORMATS, find_submissions
from ..grading.reports.gradebook import make_rows, read_due
from ..grading.reports.manual import read_manual
from ..grading.reports.nbgrader_export import export_to_nbgrader
from ..grading.reports.write import write_reports
from ..grading.sandbox import choice as sandbox
from ..grading.scoring.batch import grade, wanted_of
from ..grading.scoring.dask_cluster import run_on_cluster


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("submissions", type=pathlib.Path, metavar="SUBMISSIONS",
                        help="as Canvas, Moodle or Gradescope export it, or a folder or file per student")  # fmt: skip
    parser.add_argument("--assignment", required=True, help="its name or the beginning of it, as a2")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("report"), help="folder (default: report)")
    parser.add_argument("--source", type=pathlib.Path, default=pathlib.Path("assignments/source"),
                        help="folder of the assignments' sources (default: assignments/source)")  # fmt: skip
    parser.add_argument("--format", choices=FORMATS, help="of SUBMISSIONS (default: what most names in it look like)")
    parser.add_argument("--term", help="as at the release (default: the term in assignments/source/term.txt)")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs; everybody gets other ones")
    parser.add_argument("--jobs", type=int, default=2, help="submissions at once (default 2)")
    parser.add_argument("--due", help="2027-03-01T23:59, this machine's time zone unless it says another")
    parser.add_argument("--late-penalty", type=float, default=0.0, metavar="PERCENT",
                        help="what each day begun after --due costs (default 0)")  # fmt: skip
    parser.add_argument("--regrade", action="store_true",
                        help="score everything again (what changed is scored again anyway)")  # fmt: skip
    parser.add_argument("--dask", metavar="ADDRESS", help="score on a Dask cluster: the address of its scheduler")
    parser.add_argument("--nbgrader", metavar="DATABASE", help="export to a grade book, as sqlite:///gradebook.db")
    parser.add_argument("--unsafe-no-sandbox", action="store_true",
                        help="run students' code with your own rights: only code that you have read")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Grade, write the reports, say where they are. Returns 1 if a submission could not be graded by our fault."""
    if args.jobs < 1:
        raise bad_argument("grade", "--jobs", f"is {args.jobs}", "1 or more")
    if not 0 <= args.late_penalty <= 100:
        raise bad_argument("grade", "--late-penalty", f"is {args.late_penalty:g}", "per cent, from 0 to 100")
    due = read_due(args.due) if args.due else None
    folder = find_source(args.source, args.assignment)
    assignment = load(folder, term_of(args))
    try:  # on a cluster, every machine looks for its own
        walls = None if args.dask else sandbox.unsafe() if args.unsafe_no_sandbox else sandbox.probe()
    except sandbox.SandboxError as error:
        print(f"minidet: error: nothing was graded: {error}", file=sys.stderr)
        return 2
    kind_of_walls = walls.kind if walls else "each machine's own"
    manual = read_manual(args.out / "manual.csv", assignment)  # before the work: a slip of the pen is found now
    export = find_submissions(args.submissions, wanted_of(assignment), args.format, args.out)
    print(f"{assignment.title}, term {assignment.term}; sandbox: {kind_of_walls}")
    with tqdm(desc="graded", unit="submission") as bar:
        kind, everyone = grade(
            export, assignment, args.out, seed=args.seed, jobs=args.jobs,
            walls=walls, unsafe=args.unsafe_no_sandbox, regrade=args.regrade, progress=lambda graded: bar.update(),
            run=functools.partial(run_on_cluster, address=args.dask) if args.dask else None)  # fmt: skip
    rows = make_rows(everyone, assignment, manual, due=due, penalty_percent=args.late_penalty)
    notes = [
        f"Format: {kind}; sandbox: {kind_of_walls}; seed {args.seed}",
        due_note(due, args.late_penalty),
        *export.notes(),
    ]
    written = write_reports(rows, assignment, args.out, kind, notes)
    if args.nbgrader:
        count = export_to_nbgrader(rows, assignment, args.nbgrader)
        print(f"nbgrader: {count} submissions in {args.nbgrader}")
    return summarize(rows, written, args.out, export.notes())


def summarize(rows, written: list[pathlib.Path], out: pathlib.Path, notes: list[str]) -> int:
    """Print how many of what there is, what was left out, and where to look."""
    count = {}
    for row in rows:
        count[row.graded.status] = count.get(row.graded.status, 0) + 1
    fresh = sum(row.graded.fresh for row in rows)
    print(f"{len(rows)} submissions: " + ", ".join(f"{number} {status}" for status, number in sorted(count.items()))
          + f"; {fresh} parts scored in this run")  # fmt: skip
    for note in notes:
        print(note)
    for path in written:
        print(f"  {path}")
    print(f"  {out / 'feedback'}: a page per student; {out / 'manual.csv'}: points by hand")
    failed = [row.graded for row in rows if row.graded.status == "not graded"]
    for graded in failed:
        print(f"not graded: {graded.submission.student}: {graded.reason}")
    return 1 if failed else 0


def find_source(source: pathlib.Path, name: str) -> pathlib.Path:
    """Return the source folder of an assignment from its name, the beginning of it, or itself."""
    if (source / "questions.py").is_file() and source.name.startswith(name):
        return source
    folders = sorted(path.parent for path in source.glob("*/questions.py"))
    if not folders:
        why = "run the command in the folder of minidet's repository, or say where its assignments/source is"
        raise bad_argument("grade", "--source", f"is {source}, where no assignment is", "the assignments' sources", why)
    found = [path for path in folders if path.name == name or re.match(rf"{re.escape(name)}(_|$)", path.name)]
    if len(found) != 1:
        there = ", ".join(path.name for path in folders)
        raise bad_argument("grade", "--assignment", f"is {name!r}", f"one of: {there}")
    return found[0]


def term_of(args: argparse.Namespace) -> str:
    """Return the term that was asked for, or the one that the assignments were released for."""
    if args.term:
        return args.term
    for path in (args.source / "term.txt", args.source.parent / "term.txt"):
        if path.is_file():
            return path.read_text(encoding="utf-8").strip()
    raise bad_argument("grade", "--term", "was not given", "the term of the release, as 2027s: it decides the variants")


def due_note(due: datetime.datetime | None, percent: float) -> str:
    """Say what late means here."""
    if due is None:
        return "Due: not given; late is what the platform marked"
    return f"Due: {due:%Y-%m-%d %H:%M %Z}; {percent:g} % less per day begun"
