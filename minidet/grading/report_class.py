"""The instructor's page: how the class did per question, whom to look at, and who wrote the same."""

from __future__ import annotations

import datetime
import statistics
from collections import Counter

from .assignment import Assignment, Question
from .gradebook import Row
from .report_page import bar, histogram, page, table, text
from .similar import Pair

#: How many of the commonest mistakes are named per part, and how many pairs are listed.
MISTAKES, PAIRS = 3, 60


def class_report(rows: list[Row], assignment: Assignment, students: list[Pair], sources: list[Pair], notes: list[str]):
    """Return the page.

    Parameters
    ----------
    rows : list of Row
    assignment : Assignment
    students, sources : list of Pair
        From :func:`similar_students` and :func:`similar_to_files`.
    notes : list of str
        What else to say at the top: the sandbox, the format.
    """
    totals, out_of = [row.total for row in rows if row.total is not None], sum(q.points for q in assignment.questions)
    middle = f"mean {statistics.mean(totals):.1f}, median {statistics.median(totals):.1f} of {out_of}" if totals else ""
    variants = ", ".join(f"{question}: {name}" for question, name in sorted(assignment.variants.items()))
    said = [f"{len(rows)} submissions, {middle}", f"Variants of term {assignment.term}: {variants or 'none'}",
            *notes, f"Written {datetime.datetime.now().astimezone():%Y-%m-%d %H:%M %Z}"]  # fmt: skip
    body = [f"<h1>{text(assignment.title)}: the class</h1>",
            *(f'<p class="soft">{text(line)}</p>' for line in said),
            histogram(totals, out_of, width=600, height=110, bins=20),
            "<h2>To look at</h2>", _to_look_at(rows),
            "<h2>Questions</h2>", *(_question(rows, question) for question in assignment.questions),
            "<h2>Similar submissions</h2>", _similar(rows, students),
            "<h2>Similar to minidet's own files</h2>", _sources(rows, sources),
            "<h2>Everybody</h2>", _everybody(rows, assignment)]  # fmt: skip
    return page(f"{assignment.title}: the class", "\n".join(body))


def _to_look_at(rows: list[Row]) -> str:
    """List what a person should decide: no points for the lack of a file, of time, of a sandbox."""
    lines = []
    for row in rows:
        worrying = [part for part in row.graded.parts.values()
                    if part.kind in WORRYING and not part.reason.startswith("not tried")]  # fmt: skip
        reasons = [
            row.graded.reason,
            row.graded.submission.notes,
            *(f"{p.question} {p.part}: {p.reason}" for p in worrying),
        ]
        reasons += [f"late: {row.days_late} day(s), {row.penalty:g} points less"] if row.days_late else []
        if any(reasons):
            lines.append([_link(row), text(row.graded.status), _lines(reasons)])
    return table(["student", "status", "why"], lines) if lines else "<p>Nothing.</p>"


#: Mistakes that may be none: a slow machine, a sandbox that is too strict; or an attempt at something else.
WORRYING = ("did not end in time", "ended the process", "did what is not allowed", "returned what cannot be sent")


def _question(rows: list[Row], question: Question) -> str:
    points = [row.questions[question.id] for row in rows if question.id in row.questions]
    full = sum(value >= question.points for value in points) / len(points) if points else 0.0
    mean = statistics.mean(points) if points else 0.0
    lines = []
    for part in question.parts:
        scores = [
            row.graded.parts[question.id, part.name] for row in rows if (question.id, part.name) in row.graded.parts
        ]
        right = sum(not score.kind for score in scores) / len(scores) if scores else 0.0
        kinds = Counter(score.kind for score in scores if score.kind).most_common(MISTAKES)
        mistakes = text(", ".join(f"{kind} ({count})" for kind, count in kinds))
        lines.append([text(part.name), str(part.points), f"{right:.0%}", bar(right), mistakes])
    head = (f"<h3>{text(question.id)} · {text(question.title)}</h3><p>{full:.0%} have all {question.points} points, "
            f"mean {mean:.1f}</p>{histogram(points, question.points, width=320)}")  # fmt: skip
    return head + table(["part", "points", "right", "", "commonest mistakes"], lines, numbers=(1, 2))


def _similar(rows: list[Row], pairs: list[Pair]) -> str:
    if not pairs:
        return "<p>None.</p>"
    of = {row.graded.submission.student: row for row in rows}
    lines = [[_link(of[pair.one]), _link(of[pair.other]), f"{pair.share:.0%}", text(", ".join(pair.questions))]
             for pair in pairs[:PAIRS]]  # fmt: skip
    more = f"<p>… and {len(pairs) - PAIRS} more.</p>" if len(pairs) > PAIRS else ""
    hint = (
        "<p class='soft'>Names of variables, comments and layout do not count. Not scored: look before you judge.</p>"
    )
    return hint + table(["one", "other", "alike", "in"], lines, numbers=(2,)) + more


def _sources(rows: list[Row], pairs: list[Pair]) -> str:
    if not pairs:
        return "<p>None.</p>"
    of = {row.graded.submission.student: row for row in rows}
    lines = [[_link(of[pair.one]), text(", ".join(pair.questions)), text(pair.other), f"{pair.share:.0%}"]
             for pair in pairs[:PAIRS]]  # fmt: skip
    more = f"<p>… and {len(pairs) - PAIRS} more.</p>" if len(pairs) > PAIRS else ""
    hint = "<p class='soft'>The standard operations can be found there by anybody. Not scored.</p>"
    return hint + table(["student", "question", "file", "alike"], lines, numbers=(3,)) + more


def _everybody(rows: list[Row], assignment: Assignment) -> str:
    names = [question.id for question in assignment.questions]
    lines = []
    for row in rows:
        wrong = [f"{part.question} {part.part} ({part.kind}; {part.text or '–'}): {part.reason}"
                 for part in row.graded.parts.values() if part.kind]  # fmt: skip
        details = f"<details><summary>{len(wrong)} parts</summary>{_lines(wrong)}</details>" if wrong else ""
        total = "–" if row.total is None else f"<b>{row.total:g}</b>"
        points = [f"{row.questions[name]:g}" if name in row.questions else "–" for name in names]
        lines.append([_link(row), *points, total, details or text(row.graded.reason)])
    columns = tuple(range(1, len(names) + 2))
    return table(["student", *map(text, names), "total", "lost"], lines, numbers=columns)


def _link(row: Row) -> str:
    who = row.graded.submission
    name = f" {text(who.name)}" if who.name and who.name != who.student else ""
    return f'<a href="feedback/{who.slug}.html">{text(who.student)}</a>{name}'


def _lines(reasons: list[str]) -> str:
    return "".join(f'<pre class="words">{text(reason)}</pre>' for reason in reasons if reason)
