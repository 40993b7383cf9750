"""A page for each student: points, what was wrong in words, hints. Nothing of the hidden checks."""

from __future__ import annotations

from ..assignments.assignment import Assignment, Question
from ..scoring.wording import OF_THE_CELLS, for_students, grouped
from .gradebook import Row
from .manual import DAYS_LATE, EXTRA
from .page import bar, page, table, text

CLOSING = """<p class="soft">Your functions were called with inputs drawn for you alone, each question by itself: a
mistake in one question costs nothing in another. The checks in the notebook are a sample of these.</p>"""


def feedback(row: Row, assignment: Assignment) -> str:
    """Return a student's page."""
    submission, out_of = row.graded.submission, sum(question.points for question in assignment.questions)
    total = "–" if row.total is None else f"{row.total:g}"
    body = [f"<h1>{text(assignment.title)}</h1>",
            f'<p class="soft">{text(submission.name or submission.student)} · {text(assignment.term)}</p>',
            f'<p class="score">{total} <small>of {out_of} points</small></p>',
            *_notes(row)]  # fmt: skip
    if row.questions and (row.graded.parts or row.manual):
        sections = "\n".join(_questions(row, assignment))
        body += [_overview(row, assignment, sections), sections]
    if any(part.kind not in OF_THE_CELLS for part in row.graded.parts.values()):
        body.append(CLOSING)
    return page(f"{assignment.title}: {submission.name or submission.student}", "\n".join(body))


def _notes(row: Row) -> list[str]:
    graded, notes = row.graded, []
    if graded.status == "not graded":
        notes.append("The grader failed on this submission. That is not your fault, and your instructor knows.")
    elif graded.status == "broken file":
        notes.append(f"Your file could not be read, so nothing was graded: {graded.reason}")
        notes.append("If Jupyter opens it, save it there and hand it in again.")
    elif graded.status != "graded":
        notes.append(graded.reason)
    elif graded.parts and all(part.kind == "no answer" for part in graded.parts.values()):
        notes.append("No answer was found in your file: an answer's cell begins with a line such as # answer: q1.")
    if graded.submission.file is not None:
        when = f", handed in {graded.submission.submitted:%Y-%m-%d %H:%M %Z}" if graded.submission.submitted else ""
        notes.append(f"Graded: {graded.submission.file.name}{when}")
    if row.days_late:
        notes.append(f"{row.days_late} day(s) late: {row.penalty:g} points less." if row.penalty else
                     f"{row.days_late} day(s) late.")  # fmt: skip
    for name in (EXTRA, DAYS_LATE):
        if name in row.manual and (row.manual[name].comment or name == EXTRA):
            points = f"{row.manual[name].points:+g} points by hand. " if name == EXTRA else ""
            notes.append(f"{points}{row.manual[name].comment}")
    return ['<div class="box">' + "".join(f"<p>{text(note)}</p>" for note in notes) + "</div>"] if notes else []


def _overview(row: Row, assignment: Assignment, sections: str) -> str:
    def link(name: str) -> str:
        return f'<a href="#{text(name)}">{text(name)}</a>' if f'<h2 id="{text(name)}">' in sections else text(name)

    lines = [[link(question.id), text(question.title),
              f"{row.questions[question.id]:g} of {question.points}",
              bar(row.questions[question.id] / question.points if question.points else 0)]
             for question in assignment.questions if question.id in row.questions]  # fmt: skip
    return table(["", "question", "points", ""], lines, numbers=(2,))


def _questions(row: Row, assignment: Assignment) -> list[str]:
    """Return a section for each question; a single one if the same is to be said of all, as that nothing is written."""
    parts = list(row.graded.parts.values())
    said = {for_students(part) for part in parts if part.question not in row.manual}
    if len(assignment.questions) > 1 and len(said) == 1 and all(part.kind in OF_THE_CELLS for part in parts):
        names = grouped([part for part in parts if part.question not in row.manual], for_students, parts)
        by_hand = [_question(row, question) for question in assignment.questions if question.id in row.manual]
        return [*(_once(f"{of}: {words}") for of, words in names), *by_hand]
    return [_question(row, question) for question in assignment.questions]


def _once(words: str) -> str:
    return f'<div class="box"><p>{text(words)}</p></div>'


def _question(row: Row, question: Question) -> str:
    given = row.manual.get(question.id)
    head = f'<h2 id="{text(question.id)}">{text(question.id)} · {text(question.title)}</h2>'
    if given is not None:
        return f'{head}<div class="box"><p>{given.points:g} points by hand. {text(given.comment)}</p></div>'
    all_parts = [row.graded.parts.get((question.id, part.name)) for part in question.parts]
    said = {for_students(part) for part in all_parts if part is not None and part.kind in OF_THE_CELLS}
    if len(said) == 1 and all(part is not None and part.kind in OF_THE_CELLS for part in all_parts):
        return head + _once(said.pop())
    lines = []
    for part in question.parts:
        scored = row.graded.parts.get((question.id, part.name))
        if scored is not None:
            sign = '<span class="bad">✗</span>' if scored.kind else '<span class="good">✓</span>'
            words = f'<span class="words">{text(for_students(scored, part.hint))}</span>'
            lines.append([sign, text(part.name), words, f"{scored.earned:g} of {part.points}"])
    return head + table(["", "part", "", "points"], lines, numbers=(3,), kind="parts") if lines else ""
