"""Grades in nbgrader's grade book."""

import sys

import pytest

from minidet.grading.intake.submissions import Submission
from minidet.grading.reports.gradebook import make_rows
from minidet.grading.reports.nbgrader_export import export_to_nbgrader
from minidet.grading.scoring.batch import Graded
from minidet.grading.scoring.points import PartScore


def rows_of(toy, earned):
    parts = {("q1", "values"): PartScore("q1", "values", 40, earned, "" if earned else "wrong values")}
    ann = Graded(Submission("ann", "Ann A.", "ann@x.org", late=True), parts=parts)
    return make_rows([ann, Graded(Submission("bob"), "not graded")], toy, {}, penalty_percent=10)


def test_without_nbgrader_it_says_what_to_install(toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    with pytest.raises(ValueError, match=r"expected nbgrader: pip install nbgrader"):
        export_to_nbgrader([], toy, "sqlite://")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # nbgrader's own
def test_points_arrive_and_what_people_gave_stays(toy, tmp_path):
    api = pytest.importorskip("nbgrader.api", reason="nbgrader is not installed")
    database = f"sqlite:///{tmp_path / 'gradebook.db'}"
    assert export_to_nbgrader(rows_of(toy, 0), toy, database) == 1
    with api.Gradebook(database) as book:
        grade = book.find_grade("q1", toy.name, toy.name, "ann")
        assert (grade.auto_score, grade.max_score, grade.needs_manual_grade) == (0, 60, False)
        book.find_grade("q2", toy.name, toy.name, "ann").manual_score = 7
        book.db.commit()
    export_to_nbgrader(rows_of(toy, 40), toy, database)
    with api.Gradebook(database) as book:
        assert [student.id for student in book.students] == ["ann"]
        assert book.find_student("ann").email == "ann@x.org"
        assert book.find_grade("q1", toy.name, toy.name, "ann").auto_score == 40
        submission = book.find_submission(toy.name, "ann")
        assert (submission.score, submission.max_score) == (47, 100)
        assert submission.late_submission_penalty == 4


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_bad_address_is_named(toy):
    pytest.importorskip("nbgrader.api", reason="nbgrader is not installed")
    with pytest.raises(ValueError, match="--nbgrader is sqlite:////no/such/folder/x.db, expected a grade book"):
        export_to_nbgrader([], toy, "sqlite:////no/such/folder/x.db")
