"""Who handed in what."""

import datetime
import os
import random
import sys
import zipfile

import pytest

from minidet.grading.intake.file_choice import Wanted
from minidet.grading.intake.submissions import FORMATS, Submission, find_submissions, read_date
from minidet.grading.intake.untrusted_files import read_file

from ..handed_in import hand_in, notebook

NAME = "a0_toy"
DAY = 86400


def find(folder, *others, **options):
    return find_submissions(folder, Wanted(NAME, others=others), **options)


def found(folder, *others, **options):
    """Return the format, and every student's submission."""
    export = find(folder, *others, **options)
    by = {submission.student: submission for submission in export.submissions}
    assert len(by) == len(export.submissions)
    return export.format, by


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


def test_the_folder_must_be_one(tmp_path):
    (tmp_path / "export.zip").write_text("")
    with pytest.raises(ValueError, match=r"SUBMISSIONS is .*export.zip, expected a folder, as the platform"):
        find(tmp_path / "export.zip")


def test_one_name_like_canvas_among_plain_ones_changes_nothing(tmp_path):
    for name in ("ann", "bob", "cy_111_900_final"):
        hand_in(tmp_path / f"{name}.ipynb", name)
    kind, by = found(tmp_path)
    assert (kind, sorted(by)) == ("plain", ["ann", "bob", "cy_111_900_final"])
    assert sorted(found(tmp_path, form="canvas")[1]) == ["111", "ann", "bob"]


@pytest.mark.parametrize("kind, names, notes", [
    ("canvas", ("zoe_111_900_a0_toy.ipynb", "yao_112_901_a0_toy.ipynb", "ann.ipynb"), "not named as in an export of canvas"),
    ("moodle", ("Zoe_111_assignsubmission_file_/a0_toy.ipynb", "Yao_112_assignsubmission_file_/a0_toy.ipynb", "ann/a0_toy.ipynb"),
     "not named as in an export of moodle"),
])  # fmt: skip
def test_what_does_not_fit_the_format_has_a_row(tmp_path, kind, names, notes):
    for name in names:
        hand_in(tmp_path / name, "x = 1")
    assert found(tmp_path)[0] == kind
    by = found(tmp_path)[1]
    assert sorted(by) == ["111", "112", "ann"]
    assert (by["111"].notes, by["ann"].notes) == ("", notes)
    assert by["ann"].file is not None


@pytest.mark.parametrize("name, who, user, late", [
    ("ann_marie_111_900_a0_toy.ipynb", "ann_marie", "111", False),
    ("ann_marie_LATE_111_900_a0_toy.ipynb", "ann_marie", "111", True),
    ("group_1_34093_208490_a0_toy.ipynb", "group_1", "34093", False),
    ("smith_34093_208490_123_a0_toy.ipynb", "smith", "34093", False),
    ("smith_3_4_a0_toy.ipynb", "smith", "3", False),
])  # fmt: skip
def test_canvas_names_with_underscores_and_numbers(tmp_path, name, who, user, late):
    hand_in(tmp_path / name, "# answer: q1")
    kind, by = found(tmp_path)
    assert (kind, list(by), by[user].name, by[user].late) == ("canvas", [user], who, late)
    assert by[user].file is not None


def test_every_entry_has_a_row_or_a_reason(tmp_path):
    hand_in(tmp_path / "ann/a0_toy.ipynb", "ann")
    hand_in(tmp_path / ".ipynb_checkpoints/ann.ipynb", "hidden")
    hand_in(tmp_path / "__MACOSX/a0_toy.ipynb", "hidden")
    for name in ("bob.ipynb", "cy.zip", "dan.ipynb.txt", "roster.csv", "eve.docx", ".DS_Store"):
        (tmp_path / name).write_text("")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.ipynb")
    export = find(tmp_path)
    names = {submission.student for submission in export.submissions}
    assert names == {"ann", "bob", "cy", "dan"}
    assert len(names) + len(export.ignored) == len(os.listdir(tmp_path))
    notes = "\n".join(export.notes())
    assert "Ignored, no folder, notebook, Python or zip file: eve.docx, roster.csv" in notes
    assert "Ignored, hidden, or left behind by a program: .DS_Store, .ipynb_checkpoints, __MACOSX" in notes
    if hasattr(os, "mkfifo"):
        assert "Ignored, neither a file nor a folder: pipe.ipynb" in notes


def test_platforms_own_files_are_ignored_with_a_reason(tmp_path):
    (tmp_path / "gradescope").mkdir()
    (tmp_path / "gradescope/submission_metadata.yml").write_text("")
    (tmp_path / "gradescope/notes.txt").write_text("")
    hand_in(tmp_path / "gradescope/ann.ipynb", "x")
    export = find(tmp_path / "gradescope")
    assert [submission.student for submission in export.submissions] == ["ann"]
    assert dict(export.ignored) == {"submission_metadata.yml": "the platform's own file",
                                    "notes.txt": "no folder, notebook, Python or zip file"}  # fmt: skip


def test_reports_are_no_students(tmp_path, monkeypatch):
    hand_in(tmp_path / "ann/a0_toy.ipynb", "ann")
    (tmp_path / "report").mkdir()
    hand_in(tmp_path / "old/report.html", "")
    hand_in(tmp_path / "old/grades.csv", "")
    monkeypatch.chdir(tmp_path)
    export = find(tmp_path, out=type(tmp_path)("report"))
    assert [submission.student for submission in export.submissions] == ["ann"]
    assert dict(export.ignored) == dict.fromkeys(["old", "report"], "a report of minidet grade")
    assert sorted(found(tmp_path, out=tmp_path / "report/deeper")[1]) == ["ann"]


def test_nothing_replaces_anything_silently(tmp_path):
    for name in ("s1.ipynb", "s1-v9999.ipynb", "s2-v2.ipynb"):
        hand_in(tmp_path / name, name)
    _, by = found(tmp_path)
    assert sorted(by) == ["s1", "s1-v9999", "s2-v2"]
    assert all(read_file(by[name].file).find(name.encode()) > 0 for name in by)
    assert by["s1-v9999"].notes == "perhaps another attempt of s1: look which one counts"
    assert by["s2-v2"].notes == ""


def test_entries_of_one_name_have_rows_and_notes(tmp_path):
    hand_in(tmp_path / "ann/a0_toy.ipynb", "one")
    hand_in(tmp_path / "ann.ipynb", "two")
    hand_in(tmp_path / ("x" * 120) / "a0_toy.ipynb", "three")
    hand_in(tmp_path / ("x" * 121) / "a0_toy.ipynb", "four")
    _, by = found(tmp_path)
    assert sorted(by) == ["ann", "ann+", "x" * 99 + "…", "x" * 99 + "…+"]
    assert by["ann"].notes == "2 submissions of this name, each with a row of its own: this is ann, beside ann.ipynb"
    assert by["ann+"].notes == "2 submissions of this name, each with a row of its own: this is ann.ipynb, beside ann"
    assert len({submission.slug for submission in by.values()}) == 4


def test_one_gradescope_id_twice_has_two_rows(tmp_path):
    (tmp_path / "submission_metadata.yml").write_text(METADATA.replace("1003", "1001"))
    hand_in(tmp_path / "submission_11/a0_toy.ipynb", "eleven")
    hand_in(tmp_path / "submission_12/a0_toy.ipynb", "twelve")
    _, by = found(tmp_path)
    assert sorted(by) == ["1001", "1001+", "zoe@x.org"]
    assert b"eleven" in read_file(by["1001"].file)
    assert b"twelve" in read_file(by["1001+"].file)
    assert "submission_12, beside submission_11" in by["1001+"].notes


def test_no_student_is_named_like_anothers_hashed_file(tmp_path):
    hashed = Submission("Ann").slug
    for name in (hashed, hashed.lower(), Submission("").slug, Submission("İ").slug):
        assert Submission(name).slug.lower() not in (hashed, hashed.lower(), name.lower())


def test_numbers_of_students_stay_whole(tmp_path):
    for name in (
        "a0_toy_340934.ipynb",
        "340935_a0_toy.ipynb",
        "340936.ipynb",
        "a0_toy_7.ipynb",
        "Copy of a0_toy.ipynb",
    ):
        hand_in(tmp_path / name, name)
    assert sorted(found(tmp_path)[1]) == ["340934", "340935", "340936", "Copy of a0_toy", "a0_toy_7"]


@pytest.mark.parametrize("name", ["a0_toy (2)-1.ipynb", "Copy of a0_toy.ipynb", "a0_toy-Copy1.ipynb", "a0_toy - Copy.ipynb",
                                  "a0_toy_final.ipynb", "a0_toy_v2.ipynb", "a0_toy.ipynb.txt"])  # fmt: skip
def test_a_single_file_that_names_nobody_is_its_folders(tmp_path, name):
    hand_in(tmp_path / "ann" / name, "# answer: q1")
    _, by = found(tmp_path / "ann")
    assert list(by) == ["ann"]
    assert by["ann"].file is not None


def test_a_long_name_of_numbers_takes_no_time(tmp_path):
    hand_in(tmp_path / ("1-" * 110 + "x.ipynb"), "x")
    assert len(found(tmp_path)[1]) == 1


def test_mixed_assignments_are_said(tmp_path):
    for name in ("ann_a0_toy.ipynb", "ann_a1_other.ipynb", "bob_a1_other.ipynb"):
        hand_in(tmp_path / name, "# answer: q1\ndef f(): pass")
    export = find(tmp_path, "a1_other")
    by = {submission.student: submission for submission in export.submissions}
    assert export.notes() == ["Files of a1_other lie here too (2 submissions): this run does not grade them"]
    assert by["ann"].file.path.name == "ann_a0_toy.ipynb"


@pytest.mark.parametrize("seconds", [1_830_000_000_000.0, 1e300, float("inf"), 1e10, -1e9])
def test_a_date_that_cannot_be_is_said_and_not_used(seconds):
    date, note = read_date(seconds)
    assert date is None
    assert note.startswith("the file's date is not used: ")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a date")
def test_a_file_from_the_future_stops_nobody(tmp_path):
    hand_in(tmp_path / "ann/a0_toy.ipynb", "ann", date=15_000_000_000)  # the year 2445, as far as ext4 can count
    hand_in(tmp_path / "bob/a0_toy.ipynb", "bob", date=DAY)
    _, by = found(tmp_path)
    assert (by["ann"].submitted, by["ann"].notes) == (None, "the file's date is not used: 2445-05-01")
    assert by["bob"].submitted.timestamp() == DAY


PIECES = ["ann", "Ann", "bob_2", "_", "_LATE_", "111", "34093", "208490", "a0_toy", "a1_other", "_assignsubmission_file_", "+",
          "Copy of ", "-Copy1", " (2)", "-1", "_v2", ".ipynb", ".py", ".zip", ".ipynb.txt", ".csv", "é", "…", "con", "x" * 90,
          "=", "'", ";", ".", "report"]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not allow such names")
@pytest.mark.parametrize("seed", range(40))
def test_whatever_lies_there_nothing_vanishes(tmp_path, seed):
    rng = random.Random(seed)
    for _ in range(8):
        path = tmp_path / ("".join(rng.choices(PIECES, k=rng.randint(1, 5)))[:80].rstrip(".") or "dot")
        if path.exists() or path.is_symlink():
            continue
        if rng.random() < 0.4:
            path.mkdir()
            hand_in(path / "".join(rng.choices(PIECES[:20], k=3)), "# answer: q1", date=rng.choice([0, 1e9, 15e9]))
        elif rng.random() < 0.2:
            path.symlink_to(rng.choice(["/etc", "nowhere", tmp_path]))
        else:
            path.write_text(rng.choice(["", "{", notebook("# answer: q1")]))
    for form in (None, *FORMATS):
        export = find(tmp_path, "a1_other", form=form)
        everyone = export.submissions
        assert len({submission.student for submission in everyone}) == len(everyone)
        assert len({submission.slug.lower() for submission in everyone}) == len(everyone)
        assert all((submission.file is None) == bool(submission.problem) for submission in everyone)
        if export.format == "plain":
            assert len(everyone) + len(export.ignored) == len(os.listdir(tmp_path))
