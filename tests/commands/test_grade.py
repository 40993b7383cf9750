"""``minidet grade``."""

import pathlib

import pytest

from minidet import cli
from minidet.commands import grade as command
from minidet.grading.sandbox import choice as sandbox
from tests.grading.handed_in import LAST, RIGHT, hand_in
from tests.grading.toy import write_toy


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Go to a folder with the toy's source and two submissions."""
    write_toy(tmp_path / "assignments")
    hand_in(tmp_path / "in/ann/a0_toy.ipynb", *RIGHT.values())
    hand_in(tmp_path / "in/bob/a0_toy.ipynb", RIGHT["q1"], LAST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_grade_and_grade_again(course, capsys):
    assert cli.main(["grade", "in", "--assignment", "a0", "--due", "2020-01-01", "--late-penalty", "1"]) == 0
    printed = capsys.readouterr().out
    assert "A toy, term 2026s; sandbox: " in printed
    assert "2 submissions: 2 graded; 8 parts scored in this run" in printed
    assert (course / "report/report.html").is_file()
    (course / "report/manual.csv").write_text("student,question,points\nbob,q2,33\nbob,days_late,0\nann,days_late,0\n")
    assert cli.main(["grade", "in", "--assignment", "a0_toy", "--jobs", "1"]) == 0
    assert "0 parts scored in this run" in capsys.readouterr().out
    lines = (course / "report/grades.csv").read_text().splitlines()
    assert lines[1].startswith("ann,,,60,40,0,0,0,100,100,graded")
    assert lines[2].startswith("bob,,,60,33,0,0,0,93,100,graded")


@pytest.mark.slow
def test_inside_the_folder_and_among_other_assignments(course, capsys, monkeypatch):
    hand_in(course / "in/ann/a1_other.ipynb", "x = 1")
    (course / "assignments/source/a1_other").mkdir()
    (course / "assignments/source/a1_other/questions.py").write_text("")
    (course / "in/roster.csv").write_text("")
    monkeypatch.chdir(course / "in")
    argv = ["grade", ".", "--assignment", "a0", "--source", str(course / "assignments/source"), "--format", "plain"]
    for _ in range(2):  # the second time, the report lies there too
        assert cli.main(argv) == 0
        printed = capsys.readouterr().out
        assert "2 submissions: 2 graded" in printed
        assert "Ignored, no folder, notebook, Python or zip file: roster.csv" in printed
        assert "Files of a1_other lie here too (1 submission): this run does not grade them" in printed
    assert "Ignored, a report of minidet grade: report" in printed
    assert "roster.csv" in (course / "in/report/report.html").read_text()


def test_without_a_sandbox_nothing_is_graded(course, capsys, monkeypatch):
    def refuse():
        raise sandbox.SandboxError("no sandbox works here")

    monkeypatch.setattr(sandbox, "probe", refuse)
    assert cli.main(["grade", "in", "--assignment", "a0"]) == 2
    assert "nothing was graded: no sandbox works here" in capsys.readouterr().err
    assert not (course / "report").exists()


@pytest.mark.parametrize(
    "argv, message",
    [
        (["--assignment", "a1"], "--assignment is 'a1', expected one of: a0_toy"),
        (["--assignment", "a0", "--jobs", "0"], "--jobs is 0, expected 1 or more"),
        (["--assignment", "a0", "--late-penalty", "101"], "--late-penalty is 101, expected per cent, from 0 to 100"),
        (["--assignment", "a0", "--due", "soon"], "--due is 'soon', expected a time"),
        (["--assignment", "a0", "--source", "nowhere"], "--source is nowhere, where no assignment is, expected"),
    ],
)
def test_mistakes_are_named_before_any_work(course, capsys, argv, message):
    assert cli.main(["grade", "in", *argv]) == 2
    assert message in capsys.readouterr().err


def test_outside_of_the_repository_the_message_names_the_option(course, tmp_path, monkeypatch, capsys):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert cli.main(["grade", str(course / "in"), "--assignment", "a0"]) == 2
    error = capsys.readouterr().err
    assert f"--source is {pathlib.Path('assignments/source')}, where no assignment is" in error
    assert "in the folder of minidet's repository, or say where its assignments/source is" in error


def test_the_term_is_that_of_the_release(course):
    source = course / "assignments/source"
    parse = cli.build_parser("grade").parse_args
    assert command.term_of(parse(["grade", "in", "--assignment", "a0", "--source", str(source)])) == "2026s"
    assert command.term_of(parse(["grade", "in", "--assignment", "a0", "--term", "2031s"])) == "2031s"
    (source / "term.txt").unlink()
    with pytest.raises(ValueError, match="--term was not given, expected the term of the release"):
        command.term_of(parse(["grade", "in", "--assignment", "a0", "--source", str(source)]))
