"""``minidet check``: public checks on the answers in a notebook, and the exit code."""

import json
import shutil

import pytest

from minidet.cli import main
from minidet.grading.assignments.release import notebook, release
from tests.grading.toy import load_toy

RIGHT = "public checks passed (2 of 2). The grader uses other inputs."


@pytest.fixture
def toy(tmp_path):
    return load_toy(tmp_path / "instructor")


@pytest.fixture
def folder(toy, tmp_path, monkeypatch):
    """Return a student's folder with the released assignment in it; the test stands there."""
    release(toy, tmp_path / "student")
    monkeypatch.chdir(tmp_path / "student")
    return tmp_path / "student"


@pytest.fixture
def solved(toy, folder):
    (folder / "a0_toy" / "a0_toy.ipynb").write_text(notebook(toy, solved=True))
    return folder / "a0_toy"


def change(path, old, new):
    content = path.read_text()
    assert json.dumps(old)[1:-1] in content
    path.write_text(content.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]))


def test_right_answers(solved, capsys):
    assert main(["check", "a0"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("a0_toy/a0_toy.ipynb: A toy\n\nq1  Scale\n")
    assert f"q1: {RIGHT}" in printed
    assert printed.endswith("All together: public checks passed (4 of 4). The grader uses other inputs.\n")


def test_one_question(solved, capsys):
    change(solved / "a0_toy.ipynb", "scaled = factor * x", "scaled = 2 * factor * x")
    assert main(["check", "a0", "q2"]) == 0
    printed = capsys.readouterr().out
    assert f"q2: {RIGHT}" in printed
    assert "q1" not in printed
    assert main(["check", "a0", "q1"]) == 1
    assert "yours is 2 times that everywhere" in " ".join(capsys.readouterr().out.split())


def test_the_untouched_notebook(folder, capsys):
    assert main(["check", "a0"]) == 1
    assert capsys.readouterr().out.endswith("All together: 0 of 4 public checks passed.\n")


@pytest.mark.parametrize("where", ["a0_toy/a0_toy.ipynb", "a0_toy", "inside", "mine"])
def test_where_the_notebook_lies(solved, capsys, monkeypatch, where):
    if where == "inside":
        monkeypatch.chdir(solved)
    if where == "mine":  # a copy with the student's own name, apart from the files that came with it
        shutil.copy(solved / "a0_toy.ipynb", "a0_ada.ipynb")
        where = "a0_ada.ipynb"
    assert main(["check", "a0" if where == "inside" else where, "q1"]) == 0
    assert RIGHT in capsys.readouterr().out


def test_a_python_file(solved, capsys):
    (solved / "mine.py").write_text(
        "# %%\n# answer: q1\ndef scale(x, factor):\n    return factor * x, (factor * x).sum()\n"
    )
    assert main(["check", str(solved / "mine.py")]) == 1
    printed = capsys.readouterr().out
    assert f"q1: {RIGHT}" in printed
    assert "no cell begins with '# answer: q2'" in printed
    assert "q2: 0 of 2 public checks passed." in printed


def test_answers_run_alone_as_in_the_grader(solved, capsys):
    change(solved / "a0_toy.ipynb", "scaled = factor * x", "scaled = factor * x + check")
    assert main(["check", "a0", "q1"]) == 1
    printed = capsys.readouterr().out
    assert "NameError: name 'check' is not defined" in printed
    assert "of the cell:  scaled = factor * x + check" in printed


def test_an_answer_that_cannot_be_run(solved, capsys):
    change(solved / "a0_toy.ipynb", "scaled = factor * x", "scaled = = factor")
    assert main(["check", "a0"]) == 1
    printed = capsys.readouterr().out
    assert "the cell cannot be run: SyntaxError: invalid syntax" in printed
    assert f"q2: {RIGHT}" in printed


@pytest.mark.parametrize("arguments, words", [
    (["a7"], "the notebook 'a7' cannot be found here, expected one notebook: name its path"),
    (["a0", "q9"], "the question is 'q9', expected one of q1, q2"),
])  # fmt: skip
def test_mistakes_are_said_in_one_line(folder, capsys, arguments, words):
    assert main(["check", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_two_notebooks_are_one_too_many(solved, capsys):
    shutil.copy(solved / "a0_toy.ipynb", solved / "a0_toy_old.ipynb")
    assert main(["check", "a0"]) == 2
    assert "a0_toy/a0_toy.ipynb, a0_toy/a0_toy_old.ipynb, expected one notebook" in capsys.readouterr().err


def test_a_notebook_without_its_files(solved, tmp_path, capsys, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    shutil.move(solved / "a0_toy.ipynb", tmp_path / "elsewhere" / "a0_toy.ipynb")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["check", "a0"]) == 2
    assert "a0_toy.ipynb lies alone, expected the files of its assignment" in capsys.readouterr().err
