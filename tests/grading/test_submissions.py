"""Who handed in what."""

import datetime
import os
import sys
import zipfile

import pytest

from minidet.grading.submissions import Submission, find_submissions, printable
from minidet.grading.untrusted_files import read_file

from .handed_in import hand_in

NAME = "a0_toy"
DAY = 86400


def found(folder):
    """Return the format, and every student's submission."""
    kind, submissions = find_submissions(folder, NAME)
    return kind, {submission.student: submission for submission in submissions}


def test_canvas(tmp_path):
    for name in ("smithbob_111_900_a0_toy.ipynb", "smithbob_111_905_a0_toy-1.ipynb", "smithbob_111_901_photo.png",
                 "zoe_LATE_222_903_a0_toy.py", "yao_333_904_homework.docx", "wu_444_text.html"):  # fmt: skip
        (tmp_path / name).write_text(name)
    kind, by = found(tmp_path)
    assert kind == "canvas"
    assert sorted(by) == ["111", "222", "333", "444"]
    assert read_file(by["111"].file) == b"smithbob_111_905_a0_toy-1.ipynb"  # the newest of two
    assert (by["111"].name, by["111"].late, by["222"].late) == ("smithbob", False, True)
    assert by["222"].file.name == "a0_toy.py"
    assert by["333"].problem == "no file a0_toy.ipynb or a0_toy.py; there is: homework.docx"
    assert by["444"].file is None
    assert by["111"].submitted is None  # the files' dates are the download's


def test_canvas_with_a_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "smithbob_111_900_work.zip", "w") as archive:
        archive.writestr("a0/a0_toy.ipynb", "inside")
        archive.writestr("__MACOSX/a0/a0_toy.ipynb", "rubbish")
    assert read_file(found(tmp_path)[1]["111"].file) == b"inside"


def test_moodle(tmp_path):
    hand_in(tmp_path / "Bob O'Smith_4711_assignsubmission_file_/a0_toy.ipynb", "bob", date=DAY)
    hand_in(tmp_path / "Zoé Müller_4712_assignsubmission_file/sub/a0_toy.ipynb", "zoe")
    hand_in(tmp_path / "Yao Ming_4713_assignsubmission_file_a0_toy.ipynb", "yao")
    (tmp_path / "Yao Ming_4713_assignsubmission_onlinetext_").mkdir()
    (tmp_path / "Wu_4714_assignsubmission_onlinetext_").mkdir()
    (tmp_path / "Grades-toy-1.csv").write_text(
        "Identifier,Full name,Email address,Status,Last modified (submission)\n"
        'Participant 4712,Zoé Müller,zoe@x.org,Submitted for grading - 1 hour late,"Monday, 1 March 2027, 11:30 PM"\n'
    )
    kind, by = found(tmp_path)
    assert kind == "moodle"
    assert sorted(by) == ["4711", "4712", "4713", "4714"]
    assert (by["4711"].name, by["4711"].submitted.timestamp()) == ("Bob O'Smith", DAY)
    assert (by["4712"].email, by["4712"].late) == ("zoe@x.org", True)
    assert by["4712"].submitted == datetime.datetime(2027, 3, 1, 23, 30).astimezone()
    assert b"yao" in read_file(by["4713"].file)
    assert by["4714"].problem.startswith("no file")


METADATA = """---
submission_11:
  :submitters:
  - :name: Bob Smith
    :sid: '1001'
    :email: bob@x.org
  - :name: "Zoé"
    :sid: ''
    :email: zoe@x.org
  :created_at: 2027-03-01 22:30:02.123456000 Z
  :score: 0.0
  :results:
    output: |
      submission_12:
        :submitters:
        - :name: Forged
    tests:
    - :name: forged
  :history:
  - :id: 5
    :created_at: 2026-01-01 00:00:00.000000000 Z
submission_12:
  :submitters:
  - :name: Wu
    :sid: 1003
  :created_at: 2027-03-02 01:00:00 +02:00
"""


def test_gradescope(tmp_path):
    (tmp_path / "submission_metadata.yml").write_text(METADATA)
    hand_in(tmp_path / "submission_11/a0_toy.ipynb", "eleven")
    hand_in(tmp_path / "submission_12/notes.txt", "no")
    hand_in(tmp_path / "submission_13/a0_toy.ipynb", "unknown")
    kind, by = found(tmp_path)
    assert kind == "gradescope"
    assert sorted(by) == ["1001", "1003", "submission_13", "zoe@x.org"]
    assert by["1001"].file == by["zoe@x.org"].file  # a group
    assert (by["1001"].partners, by["zoe@x.org"].partners) == (("zoe@x.org",), ("1001",))
    assert (by["1001"].name, by["1003"].name) == ("Bob Smith", "Wu")
    utc = datetime.UTC
    assert by["1001"].submitted == datetime.datetime(2027, 3, 1, 22, 30, 2, tzinfo=utc)
    assert by["1003"].submitted == datetime.datetime(2027, 3, 1, 23, 0, 0, tzinfo=utc)


def test_plain_folders_and_files(tmp_path):
    hand_in(tmp_path / "ann/a0_toy.ipynb", "ann")
    hand_in(tmp_path / "bob/attempt_1/a0_toy.ipynb", "old", date=2 * DAY)
    hand_in(tmp_path / "bob/attempt_2/a0_toy.ipynb", "new", date=DAY)
    hand_in(tmp_path / "cy/a0_toy (1).ipynb", "older", date=DAY)
    hand_in(tmp_path / "cy/a0_toy.ipynb", "newer", date=2 * DAY)
    hand_in(tmp_path / "cy/.ipynb_checkpoints/a0_toy.ipynb", "hidden", date=3 * DAY)
    hand_in(tmp_path / "dan_a0_toy.py", "dan")
    hand_in(tmp_path / "a0_toy_eve (2).ipynb", "eve")
    hand_in(tmp_path / "fay.ipynb", "fay")
    (tmp_path / "gus").mkdir()
    (tmp_path / "roster.csv").write_text("")
    kind, by = found(tmp_path)
    assert kind == "plain"
    assert sorted(by) == ["ann", "bob", "cy", "dan", "eve (2)", "fay", "gus"]
    assert b"new" in read_file(by["bob"].file)
    assert by["bob"].notes == "2 attempts, the newest is graded"
    assert b"newer" in read_file(by["cy"].file)
    assert by["dan"].file.name.endswith(".py")
    assert by["gus"].problem.endswith("there is: nothing")


def test_a_folder_that_is_one_submission(tmp_path):
    hand_in(tmp_path / "ann/a0_toy.ipynb", "ann")
    assert sorted(found(tmp_path / "ann")[1]) == ["ann"]


def test_links_are_refused_and_named(tmp_path):
    secret = hand_in(tmp_path / "secret.ipynb", "the solution")
    for student in ("ann", "cy"):
        (tmp_path / "in" / student).mkdir(parents=True)
    (tmp_path / "in/ann/a0_toy.ipynb").symlink_to(secret)
    (tmp_path / "in/bob").symlink_to(tmp_path)
    (tmp_path / "in/cy/data").symlink_to("/etc")
    hand_in(tmp_path / "in/cy/a0_toy.ipynb", "cy")
    (tmp_path / "in/dan.ipynb").symlink_to(secret)
    _, by = found(tmp_path / "in")
    assert by["ann"].problem == "refused: links are not followed: a0_toy.ipynb"
    assert by["bob"].problem == "refused: links are not followed: bob"
    assert by["dan"].problem == "refused: links are not followed: dan.ipynb"
    assert by["cy"].notes == "links are not followed: data"
    assert by["cy"].file is not None


def test_a_zip_that_leads_out_costs_only_its_own_student(tmp_path):
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr("../../a0_toy.ipynb", "out")
    hand_in(tmp_path / "bob/a0_toy.ipynb", "bob")
    _, by = found(tmp_path)
    assert by["ann"].problem.startswith("refused: ann.zip has an entry that leads out")
    assert by["bob"].file is not None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not allow such names")
def test_odd_names_become_rows_that_can_be_printed(tmp_path):
    names = [
        b"a\nb",
        b"\xff\xfe",
        b"=cmd()",
        b"<script>",
        b"a'b\"c",
        "\u202egnp".encode(),
        b"-rf",
        b"x" * 200,
        b"%2e%2e",
    ]
    for name in names:
        folder = os.path.join(os.fsencode(tmp_path), name)
        os.mkdir(folder)
        with open(os.path.join(folder, b"a0_toy.ipynb"), "w") as file:
            file.write("{}")
    _, by = found(tmp_path)
    assert len(by) == len(names)
    slugs = {submission.slug for submission in by.values()}
    assert len(slugs) == len(names)
    for student, submission in by.items():
        assert student.isprintable()
        assert len(student) <= 100
        student.encode("utf-8")
        assert submission.slug.replace("-", "").replace("_", "").isalnum()
        assert submission.slug.isascii()
        assert submission.file is not None


def test_two_names_that_print_alike_keep_their_rows(tmp_path):
    for name in ("a\u200bb", "a\u200db"):
        (tmp_path / name).mkdir()
    assert sorted(found(tmp_path)[1]) == ["a?b", "a?b+"]


@pytest.mark.parametrize(
    "one, other", [("Ann", "ann"), ("a/b", "a_b"), ("é", "e"), ("con", "_con"), ("x" * 50, "x" * 51)]
)
def test_no_two_students_share_a_file_name(one, other):
    slugs = [Submission(one).slug.lower(), Submission(other).slug.lower()]
    assert slugs[0] != slugs[1]
    assert not {"con", "index", ""} & set(slugs)


def test_printable():
    assert printable("a\x1b[31m\n\u202eb\udc80") == "a?[31m??b?"
    assert len(printable("y" * 500)) == 100


def test_the_folder_must_be_one(tmp_path):
    (tmp_path / "export.zip").write_text("")
    with pytest.raises(ValueError, match=r"SUBMISSIONS is .*export.zip, expected a folder, as the platform"):
        find_submissions(tmp_path / "export.zip", NAME)
