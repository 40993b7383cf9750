"""``minidet assignments``: what instructors see, and what students get."""

import zipfile

import pytest

from minidet.cli import main
from minidet.grading.assignments.public_cases import read_public
from minidet.grading.assignments.release import release_all, term_of
from tests.grading.toy import TERM, write_toy


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_toy(tmp_path / "assignments")
    release_all(tmp_path / "assignments", TERM)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "assignments"


def test_list(folder, capsys):
    assert main(["assignments", "list"]) == 0
    assert capsys.readouterr().out == (
        "a0_toy: A toy (term 2026s)\n  q1    60 points  Scale\n  q2    40 points  Peak  [first]\n"
    )


def test_list_needs_no_source(folder, capsys, tmp_path):
    (folder / "source").rename(tmp_path / "kept_apart")
    assert main(["assignments", "list"]) == 0
    assert "a0_toy" in capsys.readouterr().out
    assert main(["assignments", "release"]) == 2
    assert "has no sources, expected assignments/source" in capsys.readouterr().err


def test_release_all_notes_the_term(folder, capsys):
    assert main(["assignments", "release", "--term", "2027s"]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "a0_toy")
    assert read_public(folder / "a0_toy").term == term_of(folder) == "2027s"
    assert main(["assignments", "release"]) == 0
    assert read_public(folder / "a0_toy").term == "2027s"


def test_release_of_one_goes_with_the_others_term(folder, capsys):
    assert main(["assignments", "release", "a0", "--term", "2027s"]) == 2
    assert "--term is 2027s, expected 2026s, as the other assignments" in capsys.readouterr().err
    assert main(["assignments", "release", "a0"]) == 0


def test_release_somewhere_else_leaves_these_alone(folder, tmp_path):
    assert main(["assignments", "release", "a0", "--term", "2027s", "--out", str(tmp_path / "course")]) == 0
    assert read_public(tmp_path / "course" / "a0_toy").term == "2027s"
    assert read_public(folder / "a0_toy").term == term_of(folder) == TERM


def test_zip(folder, tmp_path, capsys):
    assert main(["assignments", "release", "a0_toy", "--zip", "--term", "2027s", "--out", str(tmp_path / "zips")]) == 0
    path = tmp_path / "zips" / "a0_toy.zip"
    assert capsys.readouterr().out.strip() == str(path)
    archive = zipfile.ZipFile(path)
    assert archive.namelist() == ["a0_toy/a0_toy.ipynb", "a0_toy/assignment.json", "a0_toy/public.npz"]
    everything = b"\n".join(map(archive.read, archive.namelist()))
    assert b"scaled = factor * x" not in everything
    assert b"SOLUTION" not in everything
    assert b"2027s" in archive.read("a0_toy/assignment.json")
    assert term_of(folder) == TERM


def test_zip_goes_here(folder, tmp_path):
    assert main(["assignments", "release", "a0", "--zip"]) == 0
    assert (tmp_path / "a0_toy.zip").is_file()


def test_a_name_that_is_none(folder, capsys):
    assert main(["assignments", "release", "a5"]) == 2
    assert "the name is 'a5', expected one of a0_toy" in capsys.readouterr().err


def test_without_an_action(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["assignments"])
    assert stop.value.code == 2


def test_this_checkout_has_eight(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.anchor)  # no folder above it could have assignments of its own
    assert main(["assignments", "list"]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n{name}_" in f"\n{printed}" for name in ("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"))
