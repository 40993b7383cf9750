"""What is written about a batch: for the instructor everything, for students nothing hidden, and nothing that runs."""

import csv
import html.parser
import json
import re

import pytest

from minidet.grading.intake.submissions import Submission
from minidet.grading.reports.attention import to_look_at
from minidet.grading.reports.class_page import class_report
from minidet.grading.reports.feedback import feedback
from minidet.grading.reports.gradebook import make_rows
from minidet.grading.reports.manual import Manual
from minidet.grading.reports.page import histogram, page, text
from minidet.grading.reports.tables import gradescope, table
from minidet.grading.reports.write import write_reports
from minidet.grading.scoring.batch import Graded, grade
from minidet.grading.scoring.points import PartScore

from ..handed_in import LAST, RIGHT, hand_in

pytestmark = pytest.mark.slow  # each of these grades a class

EVIL = "\x1b[31m<script>alert(1)</script><img src=x onerror=alert(2)>'\"&"
#: Says all it was given: in the message, and in the name of the exception.
TELLTALE = """# answer: q2
def peak(x):
    raise type("Input_" + "_".join(str(int(v)) for v in x), (Exception,), {})(f"{x!r} <script>alert(3)</script>")
"""


class Tags(html.parser.HTMLParser):
    """Collects the tags and attributes of a page, and checks that tags are closed in order."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.open = set(), set(), []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "rect", "line"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def assert_harmless(source):
    found = Tags(source)
    assert not found.tags & {"script", "img", "iframe", "object", "link", "form", "base"}
    assert not [name for name in found.attributes if name.startswith("on")]
    assert "\x1b" not in source
    assert "default-src 'none'" in source


@pytest.fixture
def rows(toy, tmp_path, here):
    """Return rows of a right, a wrong, a telltale and a broken submission, and of one with an evil name."""
    hand_in(tmp_path / "in/ann/a0_toy.ipynb", *RIGHT.values())
    hand_in(tmp_path / "in/bob/a0_toy.ipynb", RIGHT["q1"], LAST)
    hand_in(tmp_path / "in/cy/a0_toy.ipynb", RIGHT["q1"], TELLTALE)
    hand_in(tmp_path / "in" / "=1+1<b>x" / "a0_toy.ipynb", RIGHT["q1"])
    (tmp_path / "in/dan").mkdir()
    kind, everyone = grade(tmp_path / "in", toy, tmp_path / "out", jobs=1)
    assert kind == "plain"
    return make_rows(everyone, toy, {"bob": {"q1": Manual(55.5, f"see me {EVIL}")}})


def by_student(rows):
    return {row.graded.submission.student: row for row in rows}


def test_all_files_are_there(rows, toy, tmp_path):
    written = write_reports(rows, toy, tmp_path / "out", "plain", ["sandbox: none"])
    assert [path.name for path in written] == ["report.html", "grades.csv", "canvas.csv"]
    slugs = {row.graded.submission.slug for row in rows}
    assert {path.stem for path in (tmp_path / "out/feedback").iterdir()} == slugs
    assert {path.stem for path in (tmp_path / "out/gradescope").iterdir()} == slugs
    for path in (tmp_path / "out").rglob("*.html"):
        assert_harmless(path.read_text())


def test_grades_csv(rows, toy, tmp_path):
    write_reports(rows, toy, tmp_path, "plain", [])
    with (tmp_path / "grades.csv").open(newline="") as file:
        lines = {line["student"]: line for line in csv.DictReader(file)}
    assert sorted(lines) == ["'=1+1<b>x", "ann", "bob", "cy", "dan"]
    assert (lines["ann"]["q1"], lines["ann"]["total"], lines["ann"]["reason"]) == ("60", "100", "")
    assert (lines["bob"]["q1"], lines["bob"]["total"]) == ("55.5", "75.5")
    assert (lines["dan"]["total"], lines["dan"]["status"]) == ("0", "no file")
    assert all(line["reason"] for student, line in lines.items() if student != "ann")
    assert not re.search(r"Input_|array", (tmp_path / "grades.csv").read_text())


def test_canvas_and_moodle(rows, toy, tmp_path):
    written = write_reports(rows, toy, tmp_path, "moodle", [])
    assert "moodle.csv" in [path.name for path in written]
    canvas = list(csv.reader((tmp_path / "canvas.csv").read_text().splitlines()))
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A toy"]
    assert canvas[1][0].strip() == "Points Possible"
    assert canvas[1][5] == "100"
    assert ["ann", "ann", "", "", "", "100"] in canvas
    assert ["Participant bob", "bob", "75.5", "100"] in list(
        csv.reader((tmp_path / "moodle.csv").read_text().splitlines())
    )


def test_feedback_shows_points_words_and_hints_but_nothing_hidden(rows, toy):
    pages = {student: feedback(row, toy) for student, row in by_student(rows).items()}
    assert "20 of 20" in pages["bob"]
    assert "the result has the right shape, but wrong values. Hint: Which of the equals?" in pages["bob"]
    assert "see me &lt;script&gt;" in pages["bob"]
    assert "the function raised an error" in pages["cy"]
    assert not re.search(r"Input_|array\(|alert\(3\)", pages["cy"])
    reason = by_student(rows)["bob"].graded.parts["q2", "ties"].reason
    assert reason == "the result is 3, expected 1"
    assert reason not in pages["bob"]
    assert "two are equal" not in pages["bob"]  # which case it was
    assert "no file a0_toy.ipynb" in pages["dan"]
    assert "=1+1&lt;b&gt;x" in pages["=1+1<b>x"]


def test_the_class_report_has_everything_for_the_instructor(rows, toy):
    report = class_report(rows, toy, [], [], ["sandbox: none"])
    assert "5 submissions, mean 59.1" in report
    assert '<td class="number">50%</td>' in report  # q2 place: two of the four that have a file
    assert "the result is 3, expected 1" in report
    assert "two are equal" in report
    assert "&lt;script&gt;alert(3)" in report
    assert "no file a0_toy.ipynb" in report
    assert 'href="feedback/ann.html"' in report


def test_when_the_grader_fails_students_do_not_read_why(toy, tmp_path):
    failed = Graded(Submission("ann"), "not graded", "the grader failed: expected [3.14]")
    rows = make_rows([failed], toy, {})
    assert "3.14" not in feedback(rows[0], toy)
    assert "not your fault" in feedback(rows[0], toy)
    assert "3.14" in class_report(rows, toy, [], [], [])
    (tmp_path / "gradescope").mkdir()
    (tmp_path / "gradescope/ann.json").write_text("old")
    write_reports(rows, toy, tmp_path, "plain", [])
    assert not (tmp_path / "gradescope/ann.json").exists()
    assert "3.14" not in (tmp_path / "grades.csv").read_text()
    assert ",,0,0,0,,100,not graded," in (tmp_path / "grades.csv").read_text()


def test_gradescope(rows, toy):
    results = gradescope(by_student(rows)["cy"], toy)
    assert results["score"] == 60
    assert [test["score"] for test in results["tests"]] == [40, 20, 0, 0]
    assert [test["max_score"] for test in results["tests"]] == [40, 20, 20, 20]
    assert results["tests"][3]["name"] == "q2 Peak: ties"
    assert {test["status"] for test in results["tests"]} == {"passed", "failed"}
    assert not re.search(r"Input_|array", json.dumps(results))
    assert results["stdout_visibility"] == "hidden"
    assert sum(test["max_score"] for test in gradescope(by_student(rows)["bob"], toy)["tests"]) == 100


def test_what_student_code_says_is_shown_and_does_nothing(toy):
    part = PartScore("q1", "values", 40, 0, "raised ValueError", f"it raised ValueError: {EVIL}", EVIL)
    graded = Graded(Submission("ann", EVIL, EVIL, notes=EVIL), reason=EVIL, parts={("q1", "values"): part})
    rows = make_rows([graded], toy, {"ann": {"extra": Manual(1, EVIL)}})
    for source in (feedback(rows[0], toy), class_report(rows, toy, [], [], [EVIL])):
        assert_harmless(source)
        assert "&lt;script&gt;alert(1)" in source


def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe():
    assert table([["=1", "+1", "-1", "@x", -1.5, None, "a,b"]]) == "'=1,'+1,'-1,'@x,-1.5,,\"a,b\"\n"


def lost(question, kind, names=("one", "two"), reason="why", earned=0):
    return {(question, name): PartScore(question, name, 10, earned, kind, reason, "a case") for name in names}


def row_of(toy, student, *parts, manual=None, notes="", days_late=None, status="graded", reason="", percent=10):
    """Return the row of a student with these parts."""
    names = {"values": "one", "negative": "two", "place": "one", "ties": "two"}
    scores = {}
    for question in toy.questions:
        for part in question.parts:
            for group in parts:
                if (question.id, names[part.name]) in group:
                    old = group[question.id, names[part.name]]
                    scores[question.id, part.name] = old._replace(part=part.name)
    graded = Graded(Submission(student, notes=notes), status, reason, parts=scores)
    given = dict(manual or {})
    if days_late is not None:
        given["days_late"] = Manual(days_late)
    return make_rows([graded], toy, {student: given}, penalty_percent=percent)[0]


def test_what_is_looked_at_first(toy):
    """What may be no fault of the student's comes first; lateness that costs nothing does not come at all."""
    good = [lost("q1", "", earned=30), lost("q2", "", earned=20)]
    not_run = "it could not be loaded: SyntaxError: invalid syntax (line 3 of q1)"
    rows = [
        row_of(toy, "late", *good, days_late=2),
        row_of(toy, "late_for_nothing", *good, days_late=2, percent=0),
        row_of(toy, "noted", *good, notes="2 attempts"),
        row_of(toy, "slow", lost("q1", "did not end in time"), good[1]),
        row_of(toy, "zero", lost("q1", "raised NotImplementedError"), lost("q2", "raised NotImplementedError")),
        row_of(toy, "broken_cell", lost("q1", "could not be loaded", reason=not_run), good[1], days_late=1),
        row_of(toy, "no_cell", lost("q1", "no answer"), lost("q2", "no answer")),
        row_of(toy, "no_file", status="no file", reason="no file a0_toy.ipynb"),
        row_of(toy, "right", *good),
        row_of(toy, "decided", lost("q1", "did not end in time"), good[1], manual={"q1": Manual(60)}),
    ]
    attention = to_look_at(rows)
    order = [one.row.graded.submission.student for one in attention]
    assert order == ["no_file", "no_cell", "broken_cell", "zero", "slow", "noted", "late"]
    of = {one.row.graded.submission.student: one for one in attention}
    assert of["broken_cell"].reasons == [f"q1: {not_run}", "late: 1 day, 4 points less"]
    assert of["zero"].reasons == ["everything is 0: q1, q2: not written yet"]
    assert [of[name].heading for name in ("no_file", "no_cell", "zero")] == [
        "no file",
        "no answer cell",
        "everything 0",
    ]
    report = class_report(rows, toy, [], [], [])
    places = [report.index(f'href="feedback/{name}.html"') for name in order]
    assert places == sorted(places)
    assert report.count(not_run) == 2  # there, and once in the list of everybody
    assert "Multiply." not in report


def test_the_class_report_is_in_the_order_in_which_it_is_read(rows, toy):
    report = class_report(rows, toy, [], [], [])
    links = re.findall(r'<a href="#(\w+)"', report)
    assert links == ["look", "questions", "q1", "q2", "everybody", "similar", "sources"]
    places = [report.index(f'id="{link}"') for link in links]
    assert places == sorted(places)


def test_every_link_leads_somewhere(rows, toy):
    empty = row_of(toy, "ann", lost("q1", "raised NotImplementedError"), lost("q2", "raised NotImplementedError"))
    pages = [feedback(row, toy) for row in [*rows, empty]] + [class_report(rows, toy, [], [], [])]
    assert sum(len(re.findall(r'href="#', source)) for source in pages) > 10
    for source in pages:
        assert set(re.findall(r'href="#([^"]+)"', source)) <= set(re.findall(r'id="([^"]+)"', source))


def test_an_empty_submission_is_told_so_once(toy):
    empty = row_of(toy, "ann", lost("q1", "raised NotImplementedError"), lost("q2", "raised NotImplementedError"))
    assert empty.reason == "q1, q2: not written yet"
    assert table([[empty.reason]]).count("not written yet") == 1
    page = feedback(empty, toy)
    assert page.count("not written yet") == 1
    assert "Hint" not in page
    assert "Your functions were called" not in page
    half = row_of(toy, "bob", lost("q1", "raised NotImplementedError"), lost("q2", "wrong values"))
    assert half.reason == "q1: not written yet; q2: the result has the right shape, but wrong values"
    assert feedback(half, toy).count("not written yet") == 1
    assert "Hint: Which of the equals?" in feedback(half, toy)
    assert "Your functions were called" in feedback(half, toy)


def test_cells_that_do_not_run_are_said_once_without_a_hint(toy):
    reason = "it could not be loaded: ModuleNotFoundError: No module named 'scipy' (line 3 of q1) 3.14"
    page = feedback(
        row_of(toy, "ann", lost("q1", "could not be loaded", reason=reason), lost("q2", "", earned=20)), toy
    )
    assert page.count("could not be run: ModuleNotFoundError; only NumPy and Python") == 1
    assert not re.search(r"Multiply|scipy|3\.14", page)


@pytest.mark.parametrize("status", ["no file", "broken file", "not graded"])
def test_a_page_without_a_file_does_not_speak_of_calls(toy, status):
    page = feedback(row_of(toy, "ann", status=status, reason="the file is no JSON, expected a notebook"), toy)
    assert "Your functions were called" not in page
    assert ("save it there and hand it in again" in page) == (status == "broken file")


def test_no_answer_cell_is_told_once(toy):
    page = feedback(row_of(toy, "ann", lost("q1", "no answer"), lost("q2", "no answer")), toy)
    assert "an answer&#x27;s cell begins with a line such as # answer: q1" in page
    assert page.count("there is no answer cell") == 1


def test_histograms_fit_a_narrow_page(rows, toy):
    widths = [int(width) for width in re.findall(r'<svg [^>]*width="(\d+)"', class_report(rows, toy, [], [], []))]
    assert len(widths) == 3
    assert max(widths) <= 400 - 2 * 16  # of 400 pixels the page's margins are taken


def test_histogram():
    picture = histogram([0, 5, 5, 10, 12, -1], 10, bins=2)
    assert picture.count("<rect") == 2
    assert "0 to 5: 2, 5 to 10: 4" in picture
    assert histogram([], 10).count("<rect") == 0
    Tags(page(text("t"), picture))


@pytest.mark.parametrize("name", ["x;=cmd", "x\t=cmd", "x,=cmd", 'x"=cmd', "x\n=cmd"])
def test_a_cell_that_a_spreadsheet_would_cut_is_quoted(name):
    quoted = name.replace('"', '""')
    assert table([[name, 1]]) == f'"{quoted}",1\n'
    assert list(csv.reader(table([[name, 1]]).splitlines(keepends=True))) == [[name, "1"]]
