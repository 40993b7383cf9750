"""Points by hand: what was written is used, or said to be wrong."""

import pytest

from minidet.grading.intake.submissions import Submission
from minidet.grading.reports.gradebook import make_rows
from minidet.grading.reports.manual import Manual, of_students, read_manual
from minidet.grading.reports.tables import grades, table
from minidet.grading.scoring.batch import Graded


def write_manual(path, *lines, head="student,question,points,comment"):
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_table_to_fill_in_is_written_once(toy, tmp_path):
    assert read_manual(tmp_path / "out/manual.csv", toy) == {}
    assert (tmp_path / "out/manual.csv").read_text() == "student,question,points,comment\n"
    assert read_manual(tmp_path / "out/manual.csv", toy) == {}


@pytest.mark.parametrize(
    "line, message",
    [
        ("bob,q7,3,", r"manual.csv, line 2: question is 'q7', expected one of days_late, extra, q1, q2"),
        ("bob,q1,many,", r"line 2: points are 'many', expected a number"),
        ("bob,q1,nan,", r"line 2: points are 'nan', expected a number"),
        ("bob,q1,,", r"line 2: points are '', expected a number"),
        ("bob,q1", r"line 2: points are '', expected a number"),
        ("bob,q1,1000,", r"line 2: points are 1000, expected a number from 0 to 60 for q1"),
        ("bob,q1,-1,", r"line 2: points are -1, expected a number from 0 to 60 for q1"),
        ("bob,extra,101,", r"line 2: points are 101, expected a number from -100 to 100 for extra"),
        ("bob,days_late,1.5,", r"line 2: points are 1.5, expected whole days from 0 to 366 for days_late"),
        ("bob,days_late,1e300,", r"line 2: points are 1e\+300, expected whole days from 0 to 366"),
        ("bob,q1,35,5,nearly", r"line 2 has too many cells, expected 4: a comma inside a cell needs quotes"),
        (
            "bob,q1,3,\nann,q1,4,\n bob ,q1,3,",
            r"line 4: student is 'bob ' with q1 again, expected one line .* line 2 says",
        ),
        ("'=x,q1,3,\n=x,q1,4,", r"line 3: student is '=x' with q1 again"),
        ("bob,q1,3," + "x" * 200_000, r"line 2 cannot be read, expected a table: field larger than field limit"),
    ],
)
def test_a_slip_of_the_pen_is_not_passed_over(toy, tmp_path, line, message):
    with pytest.raises(ValueError, match=message):
        read_manual(write_manual(tmp_path / "manual.csv", line), toy)


def test_columns_that_are_missing(toy, tmp_path):
    with pytest.raises(
        ValueError, match=r"manual.csv has the columns \['student', 'points'\], expected student, question"
    ):
        read_manual(write_manual(tmp_path / "manual.csv", head="student,points"), toy)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_are_said_in_words(toy, tmp_path, encoding):
    (tmp_path / "manual.csv").write_bytes("student,question,points\nZoé,q1,3\n".encode(encoding))
    with pytest.raises(ValueError, match=r"manual.csv is not text in UTF-8, expected a table in UTF-8: .*CSV UTF-8"):
        read_manual(tmp_path / "manual.csv", toy)


@pytest.mark.parametrize("head, line", [("Student;Question;Points;Comment", "bob;q1;35,5;a, b"), ("student\tquestion\tpoints\tcomment", "bob\tq1\t35.5\ta, b"),
                                        ("student, question, points, comment", 'bob, q1, 35.5, "a, b"')])  # fmt: skip
def test_tables_of_other_spreadsheets(toy, tmp_path, head, line):
    path = write_manual(tmp_path / "manual.csv", line, head=head)
    assert read_manual(path, toy) == {"bob": {"q1": Manual(35.5, "a, b")}}


NAMES = ["ann", " bob  b ", "=cmd()", "-rf", "'quoted'", "x;=cmd", 'a"b', "Zoé, Müller", "a+"]


def test_names_as_grades_csv_writes_them_are_understood(toy, tmp_path):
    """Cut out of the table, line by line, and with blanks taken off, as a spreadsheet may do."""
    everyone = [Graded(Submission(name), "no file") for name in NAMES]
    written = table(grades(make_rows(everyone, toy, {}), toy, 100)).splitlines()[1:]
    for change in (str, str.strip):
        lines = [change(line.partition(",,")[0]) + ",q1,7," for line in written]
        manual = read_manual(write_manual(tmp_path / "manual.csv", *lines), toy)
        assert all(row.questions["q1"] == 7 for row in make_rows(everyone, toy, manual))


def test_a_name_that_fits_two_is_refused():
    manual = {"ann": {"q1": Manual(1)}}
    assert of_students(manual, ["ann", "ann "]) == manual
    with pytest.raises(ValueError, match="student is 'ann', expected one .*: it fits ' ann' and 'ann '"):
        of_students(manual, [" ann", "ann "])
