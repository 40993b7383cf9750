"""Which of a student's files is graded."""

import os
import zipfile

import pytest

from minidet.grading.intake import untrusted_files
from minidet.grading.intake.file_choice import Wanted, choose
from minidet.grading.intake.untrusted_files import read_file

from ..handed_in import RIGHT, hand_in, notebook

WANTED = Wanted("a0_toy", frozenset({"scale", "peak"}), ("a1_other", "a0_toy_two"))
OTHER = "# answer: q1\ndef other(x):\n    return x\n"


def chosen(folder, wanted=WANTED):
    """Return the choice among what lies in a student's folder."""
    with os.scandir(folder) as entries:
        return choose(sorted(entries, key=lambda entry: entry.name), wanted, lambda found: found)


@pytest.mark.parametrize(
    "name", ["a0_toy.ipynb", "A0_Toy.ipynb", "a0_toy.py", "a0_toy (1).ipynb", "a0_toy-2.py", "a0_toy (2)-1.ipynb"]
)
def test_the_declared_file_is_graded_whatever_is_in_it(tmp_path, name):
    (tmp_path / name).write_text("nothing")
    choice = chosen(tmp_path)
    assert (choice.file.name, choice.notes) == (name, [])


@pytest.mark.parametrize("name", [
    "Copy of a0_toy.ipynb", "a0_toy-Copy1.ipynb", "a0_toy - Copy.ipynb", "a0_toy_final.ipynb", "a0_toy_v2.ipynb", "a0.ipynb",
    "a0_toy.ipynb.txt", "a0_toy.ipynb.json", "Untitled", "homework.IPYNB", "a0_toy_12345.ipynb",
])  # fmt: skip
def test_the_only_notebook_with_answer_cells_is_graded_with_a_note(tmp_path, name):
    hand_in(tmp_path / "sub" / name, RIGHT["q1"])
    hand_in(tmp_path / "sub/plots.ipynb", "print(1)")
    (tmp_path / "data.json").write_text('{"answer": 42}')
    choice = chosen(tmp_path)
    assert (choice.file.name, choice.problem) == ("a0_toy.ipynb", "")
    assert RIGHT["q1"].split("\n")[1] in read_file(choice.file).decode()
    assert choice.notes == [f"named {name}: graded as the only file with answer cells"]


def test_a_python_file_by_another_name(tmp_path):
    (tmp_path / "work.py").write_text(f"#%%\n{RIGHT['q1']}")
    assert chosen(tmp_path).file.name == "a0_toy.py"


def test_in_a_zip_file_too(tmp_path):
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        archive.writestr("work/Copy of a0_toy.ipynb", notebook(RIGHT["q1"]))
    choice = chosen(tmp_path)
    assert (choice.file.member, choice.file.name) == ("work/Copy of a0_toy.ipynb", "a0_toy.ipynb")


def test_of_several_the_newest_and_it_is_said(tmp_path):
    hand_in(tmp_path / "one.ipynb", RIGHT["q1"], date=2000)
    hand_in(tmp_path / "two.ipynb", RIGHT["q1"], date=1000)
    choice = chosen(tmp_path)
    assert choice.file.path.name == "one.ipynb"
    assert choice.notes == ["2 files with answer cells (one.ipynb, two.ipynb): the newest, one.ipynb, is graded"]


def test_what_lies_beside_the_declared_file_is_named(tmp_path):
    for name in ("a0_toy.ipynb", "a0_toy-Copy1.ipynb", "a1_other.ipynb"):
        hand_in(tmp_path / name, RIGHT["q1"])
    choice = chosen(tmp_path)
    assert (choice.file.name, choice.notes, choice.foreign) == (
        "a0_toy.ipynb",
        ["not graded: a0_toy-Copy1.ipynb"],
        {"a1_other"},
    )


def test_another_assignments_answers_are_not_taken(tmp_path):
    hand_in(tmp_path / "a1_other.ipynb", OTHER)
    hand_in(tmp_path / "homework.ipynb", OTHER)
    hand_in(tmp_path / "a0_toy_two.ipynb", OTHER)
    choice = chosen(tmp_path)
    assert choice.file is None
    assert choice.foreign == {"a1_other", "a0_toy_two"}
    assert choice.problem == ("no file a0_toy.ipynb or a0_toy.py; there is: a0_toy_two.ipynb, a1_other.ipynb, homework.ipynb "
                              "(of a0_toy_two, a1_other)")  # fmt: skip


def test_answers_with_a_shared_name_belong_to_the_assignment_that_they_fit(tmp_path):
    wanted = WANTED._replace(of_others=(("a1_other", frozenset({"other", "third", "peak"})),))
    theirs = hand_in(tmp_path / "homework.ipynb", "# answer: q1\ndef peak(x):\n    return x", OTHER)
    choice = chosen(tmp_path, wanted)
    assert (choice.file, choice.foreign) == (None, {"a1_other"})
    assert choice.problem == "no file a0_toy.ipynb or a0_toy.py; there is: homework.ipynb (of a1_other)"
    hand_in(tmp_path / "mine.ipynb", RIGHT["q2"], date=1000)  # the older one
    choice = chosen(tmp_path, wanted)
    assert choice.file.path.name == "mine.ipynb"
    assert choice.notes == ["named mine.ipynb: graded as the only file with answer cells"]
    theirs.rename(tmp_path / "a0_toy.ipynb")  # by that name it is graded: its answers may be all that there is
    assert chosen(tmp_path, wanted).file.path.name == "a0_toy.ipynb"


def test_without_known_functions_any_answer_cell_will_do(tmp_path):
    hand_in(tmp_path / "homework.ipynb", OTHER)
    assert chosen(tmp_path, Wanted("a0_toy")).file is not None


def test_too_many_files_cost_nothing_if_the_declared_one_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted_files, "LIMIT_ENTRIES", 5)
    hand_in(tmp_path / "ann/a0_toy.ipynb", RIGHT["q1"])
    for number in range(9):
        hand_in(tmp_path / f"ann/aaa/{number}.txt", "")
    choice = chosen(tmp_path)
    assert (choice.file.name, choice.notes) == ("a0_toy.ipynb", ["not everything was read: more than 5 files"])
    os.unlink(tmp_path / "ann/a0_toy.ipynb")
    assert chosen(tmp_path).problem == "refused: more than 5 files"


@pytest.mark.parametrize(
    "text", ["", "{", "{" * 50_000, '{"cells": 3, "answer": 1}', "# answer: q1\n\0", "answer \xff\xfe"]
)
def test_what_cannot_be_read_is_no_answer(tmp_path, text):
    (tmp_path / "odd.ipynb").write_text(text, encoding="latin-1")
    assert chosen(tmp_path).problem == "no file a0_toy.ipynb or a0_toy.py; there is: odd.ipynb"
