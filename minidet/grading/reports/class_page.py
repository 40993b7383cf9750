"""The instructor's page: how the class did per question, whom to look at, and who wrote the same."""

from __future__ import annotations

import datetime
import statistics
from collections import Counter

from ..assignments.assignment import Assignment, Question
from ..scoring.points import PartScore
from ..scoring.wording import OF_THE_CELLS, briefly, grouped
from .attention import Attention, to_look_at
from .gradebook import Row
from .page import bar, histogram, page, table, text
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
    attention = to_look_at(rows)
    body = [f"<h1>{text(assignment.title)}: the class</h1>",
            *(f'<p class="soft">{text(line)}</p>' for line in said),
            histogram(totals, out_of, width=360, height=110),
            _contents(assignment, attention),
            '<h2 id="look">To look at</h2>', _to_look_at(attention),
            '<h2 id="questions">Questions</h2>', *(_question(rows, question) for question in assignment.questions),
            '<h2 id="everybody">Everybody</h2>', _everybody(rows, assignment),
            '<h2 id="similar">Similar submissions</h2>', _similar(rows, students),
            '<h2 id="sources">Similar to minidet\'s own files</h2>', _sources(rows, sources)]  # fmt: skip
    return page(f"{assignment.title}: the class", "\n".join(body))


def _contents(assignment: Assignment, attention: list[Attention]) -> str:
    """Return links to the parts of the page."""
    places = {"look": f"To look at ({len(attention)})", "questions": "Questions"}
    places |= {question.id: question.id for question in assignment.questions}
    places |= {"everybody": "Everybody", "similar": "Similar submissions", "sources": "Similar to minidet's own files"}
    return "<nav>" + " ".join(f'<a href="#{text(key)}">{text(name)}</a>' for key, name in places.items()) + "</nav>"


def _to_look_at(attention: list[Attention]) -> str:
    """List what a person should decide: no points for the lack of a file, of a cell, of time, of a sandbox."""
    lines = [[_link(one.row), text(one.heading), _lines(one.reasons)] for one in attention]
    return table(["student", "what", "why"], lines, kind="stack") if lines else "<p>Nobody.</p>"


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
        mistakes = text(", ".join(f"{briefly(kind)} ({count})" for kind, count in kinds))
        lines.append([text(part.name), str(part.points), f"{right:.0%}", bar(right), mistakes])
    head = (f'<h3 id="{text(question.id)}">{text(question.id)} · {text(question.title)}</h3>'
            f"<p>{full:.0%} have all {question.points} points, mean {mean:.1f}</p>"
            f"{histogram(points, question.points, width=320)}")  # fmt: skip
    return head + table(["part", "points", "right", "", "commonest mistakes"], lines, numbers=(1, 2), kind="mistakes")


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
        parts = list(row.graded.parts.values())
        lost = [part for part in parts if part.kind]
        wrong = [f"{names} {words}" for names, words in grouped(lost, _in_full, parts)]
        details = f"<details><summary>{len(lost)} parts</summary>{_lines(wrong)}</details>" if wrong else ""
        total = "–" if row.total is None else f"<b>{row.total:g}</b>"
        points = [f"{row.questions[name]:g}" if name in row.questions else "–" for name in names]
        lines.append([_link(row), *points, total, details or _lines([row.graded.reason])])
    columns = tuple(range(1, len(names) + 2))
    return table(["student", *map(text, names), "total", "lost"], lines, numbers=columns)


def _in_full(part: PartScore) -> str:
    """Return all that is known of a lost part; of cells as a whole, not the call that happened to be made."""
    about = "" if part.kind in OF_THE_CELLS else f"; {part.text or '–'}"
    return f"({part.kind}{about}): {part.reason}"


def _link(row: Row) -> str:
    who = row.graded.submission
    name = f" {text(who.name)}" if who.name and who.name != who.student else ""
    return f'<a href="feedback/{who.slug}.html">{text(who.student)}</a>{name}'


def _lines(reasons: list[str]) -> str:
    return "".join(f'<pre class="words">{text(reason)}</pre>' for reason in reasons if reason)
