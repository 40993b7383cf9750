"""From verdicts to grades."""

import datetime

import pytest

from minidet.grading.intake.submissions import Submission
from minidet.grading.intake.untrusted_files import Found
from minidet.grading.reports.gradebook import days_late, make_rows, read_due
from minidet.grading.reports.manual import read_manual
from minidet.grading.scoring.batch import Graded, grade

from ..handed_in import LAST, RIGHT, hand_in

UTC = datetime.UTC
DUE = datetime.datetime(2021, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def everyone(toy, tmp_path, here):
    hand_in(tmp_path / "in/ann/a0_toy.ipynb", *RIGHT.values())
    hand_in(tmp_path / "in/bob/a0_toy.ipynb", RIGHT["q1"], LAST, date=(DUE + datetime.timedelta(hours=25)).timestamp())
    return grade(tmp_path / "in", toy, tmp_path / "out", jobs=1)[1]


def write_manual(path, *lines):
    path.write_text("\n".join(["student,question,points,comment", *lines]) + "\n")
    return path


def test_points_per_question_and_in_total(everyone, toy):
    ann, bob = make_rows(everyone, toy, {})
    assert (ann.questions, ann.total) == ({"q1": 60.0, "q2": 40.0}, 100.0)
    assert (bob.questions, bob.total) == ({"q1": 60.0, "q2": 20.0}, 80.0)
    assert bob.reason == "q2 ties: the result has the right shape, but wrong values"


def test_points_by_hand_count_instead_and_stay_through_a_regrade(everyone, toy, tmp_path, here):
    path = write_manual(tmp_path / "out/manual.csv", 'bob,q2,"35,5",nearly', "bob,extra,2,", "ann,q1,0,copied")
    for _ in range(2):
        ann, bob = make_rows(everyone, toy, read_manual(path, toy))
        assert (ann.total, bob.total) == (40.0, 97.5)
        assert bob.manual["q2"].comment == "nearly"
        assert "by hand: extra, q2" in bob.reason
        everyone = grade(tmp_path / "in", toy, tmp_path / "out", jobs=1, regrade=True)[1]
    assert path.read_text().count("\n") == 4  # the grader does not write into it


def test_points_for_nobody_are_not_passed_over(everyone, toy, tmp_path):
    manual = read_manual(write_manual(tmp_path / "manual.csv", "bobby,q1,3,"), toy)
    with pytest.raises(ValueError, match="student is 'bobby', expected one of the column 'student' of grades.csv"):
        make_rows(everyone, toy, manual)


def test_lateness_costs_per_day_begun(everyone, toy):
    _, bob = make_rows(everyone, toy, {}, due=DUE, penalty_percent=15)
    assert (bob.days_late, bob.penalty, bob.total) == (2, 24.0, 56.0)  # 25 hours: 2 days, 30 % of 80
    assert "late: 2 days" in bob.reason
    _, bob = make_rows(everyone, toy, {}, due=DUE, penalty_percent=80)
    assert bob.total == 0.0  # never below


def test_lateness_is_excused_by_hand(everyone, toy, tmp_path):
    manual = read_manual(write_manual(tmp_path / "manual.csv", "bob,days_late,0,was ill"), toy)
    _, bob = make_rows(everyone, toy, manual, due=DUE, penalty_percent=15)
    assert (bob.days_late, bob.penalty, bob.total) == (0, 0.0, 80.0)


def submission(hours, late=False):
    when = None if hours is None else DUE + datetime.timedelta(hours=hours)
    return Submission("x", file=Found(None, "a.py", 0.0), submitted=when, late=late)


@pytest.mark.parametrize(
    "hours, late, days", [(-1, False, 0), (0, False, 0), (0.1, False, 1), (24, False, 1), (24.1, True, 2), (None, True, 1), (None, False, 0)]
)  # fmt: skip
def test_days_late(hours, late, days):
    assert days_late(submission(hours, late), DUE) == days


def test_without_a_due_time_the_platforms_mark_counts():
    assert days_late(submission(1000, late=True), None) == 1
    assert days_late(submission(1000), None) == 0


def test_due():
    assert read_due("2021-03-01T12:00+00:00") == DUE
    assert read_due("2027-03-01") == datetime.datetime(2027, 3, 2).astimezone()
    assert read_due("2027-03-01T08:30") == datetime.datetime(2027, 3, 1, 8, 30).astimezone()
    with pytest.raises(ValueError, match="--due is 'Monday', expected a time such as 2027-03-01T23:59"):
        read_due("Monday")


def test_where_the_grader_failed_there_is_no_total(toy, tmp_path):
    failed = Graded(Submission("ann"), "not graded", "the grader failed: secret")
    (row,) = make_rows([failed], toy, {})
    assert (row.total, row.questions) == (None, {})
    assert row.reason == "the grader failed: see report.html"
    manual = read_manual(write_manual(tmp_path / "manual.csv", "ann,q1,50,", "ann,q2,40,"), toy)
    assert make_rows([failed], toy, manual)[0].total == 90.0
