"""Many submissions: none stops the others, and nothing is done twice."""

import json
import shutil

import pytest

from minidet.grading.assignments.assignment import load
from minidet.grading.sandbox import choice as sandbox
from minidet.grading.scoring import batch
from minidet.grading.scoring.batch import grade
from minidet.grading.scoring.score import student_seed
from minidet.grading.scoring.task import Task, pack, run_task

from ..handed_in import LAST, RIGHT, hand_in, notebook
from ..toy import QUESTIONS, TERM


@pytest.fixture
def folder(tmp_path):
    """Return a folder of submissions: right, partly wrong, broken in several ways, too large."""
    folder = tmp_path / "in"
    hand_in(folder / "ann/a0_toy.ipynb", *RIGHT.values(), "check('q1')", "1 / 0")
    hand_in(folder / "bob/a0_toy.ipynb", RIGHT["q1"], LAST)
    (folder / "cy").mkdir()
    (folder / "cy/a0_toy.ipynb").write_text('{"cells": [')
    (folder / "dan").mkdir()
    (folder / "dan/a0_toy.ipynb").write_bytes(b"\xff\xfe\x00")
    (folder / "eve").mkdir()
    with (folder / "eve/a0_toy.ipynb").open("wb") as file:
        file.truncate(200_000_000)
    (folder / "fay").mkdir()
    hand_in(folder / "gus/a0_toy.ipynb")
    (folder / "hal").mkdir()
    (folder / "hal/a0_toy.ipynb").write_text("[" * 200_000)
    (folder / "ida").mkdir()
    (folder / "ida/a0_toy.py").write_text(f"# %%\n{RIGHT['q2']}\n# %%\n# answer: q9\nsurprise\n")
    return folder


def points(everyone):
    return {graded.submission.student: sum(part.earned for part in graded.parts.values()) for graded in everyone}


def fresh(everyone):
    return {graded.submission.student: graded.fresh for graded in everyone if graded.fresh}


def test_every_submission_gets_a_row_and_a_reason(folder, toy, tmp_path, here):
    told = []
    kind, everyone = grade(folder, toy, tmp_path / "out", jobs=1, progress=told.append)
    assert kind == "plain"
    assert points(everyone) == {
        "ann": 100,
        "bob": 80,
        "cy": 0,
        "dan": 0,
        "eve": 0,
        "fay": 0,
        "gus": 0,
        "hal": 0,
        "ida": 40,
    }
    by = {graded.submission.student: graded for graded in everyone}
    assert {name: graded.status for name, graded in by.items()} == {
        "ann": "graded", "bob": "graded", "cy": "broken file", "dan": "broken file", "eve": "refused", "fay": "no file",
        "gus": "graded", "hal": "broken file", "ida": "graded",
    }  # fmt: skip
    assert by["cy"].reason.startswith("the file is no JSON, expected a notebook: Jupyter saves")
    assert "is not text" in by["dan"].reason
    assert by["eve"].reason == "refused: a0_toy.ipynb is larger than 20 MB"
    assert all(part.kind == "no answer" for part in by["gus"].parts.values())
    assert all(graded.reason for graded in everyone if graded.status != "graded")
    assert len(told) == len(everyone)


def test_grading_again_tries_nothing_again(folder, toy, tmp_path, here):
    _, first = grade(folder, toy, tmp_path / "out", jobs=1)
    assert fresh(first) == {"ann": 4, "bob": 4, "gus": 4, "ida": 4}
    here.clear()
    _, second = grade(folder, toy, tmp_path / "out", jobs=1)
    assert (here, fresh(second)) == ([], {})
    assert [graded.parts for graded in second] == [graded.parts for graded in first]
    _, third = grade(folder, toy, tmp_path / "out", jobs=1, regrade=True)
    assert fresh(third) == fresh(first)


def change(folder, old, new):
    """Change the toy's questions, and load it again."""
    path = folder / "questions.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return load(folder, TERM)


def test_after_a_change_of_the_tests_only_what_changed_is_tried(folder, toy, tmp_path, here):
    grade(folder, toy, tmp_path / "out", jobs=1)
    here.clear()
    toy = change(toy.folder, "x[[1, 3]] = 1", "x[[1, 3]] = 2  # larger")
    _, everyone = grade(folder, toy, tmp_path / "out", jobs=1)
    assert fresh(everyone) == {"ann": 1, "bob": 1, "gus": 1, "ida": 1}
    assert {question for question, _ in here} == {"q2"}
    assert points(everyone)["bob"] == 80


def test_points_and_hints_change_without_trying_again(folder, toy, tmp_path, here):
    grade(folder, toy, tmp_path / "out", jobs=1)
    toy = change(toy.folder, 'Part("ties", 20, q2_ties, hint="Which of the equals?")', 'Part("ties", 30, q2_ties)')
    toy = change(toy.folder, 'Part("place", 20', 'Part("place", 10')
    _, everyone = grade(folder, toy, tmp_path / "out", jobs=1)
    assert fresh(everyone) == {}
    assert points(everyone)["bob"] == 70


def test_after_a_change_of_an_answer_only_its_question_is_tried(folder, toy, tmp_path, here):
    grade(folder, toy, tmp_path / "out", jobs=1)
    hand_in(folder / "bob/a0_toy.ipynb", RIGHT["q1"], RIGHT["q2"])
    _, everyone = grade(folder, toy, tmp_path / "out", jobs=1)
    assert fresh(everyone) == {"bob": 2}
    assert points(everyone)["bob"] == 100


def test_another_seed_or_term_tries_everything(folder, toy, tmp_path, here):
    grade(folder, toy, tmp_path / "out", jobs=1)
    assert fresh(grade(folder, toy, tmp_path / "out", jobs=1, seed=1)[1])["ann"] == 4
    other = load(toy.folder, "2027w")
    assert fresh(grade(folder, other, tmp_path / "out", jobs=1)[1])["ann"] == 4


def test_an_interrupted_run_goes_on(folder, toy, tmp_path, here):
    def interrupted(tasks):
        for number, item in enumerate(tasks[:2]):
            yield number, run_task(item)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(folder, toy, tmp_path / "out", run=interrupted)
    _, everyone = grade(folder, toy, tmp_path / "out", jobs=1)
    assert fresh(everyone) == {"gus": 4, "ida": 4}
    assert points(everyone)["ann"] == 100


def test_damaged_verdicts_cost_only_time(folder, toy, tmp_path, here):
    grade(folder, toy, tmp_path / "out", jobs=1)
    (tmp_path / "out/verdicts/ann.json").write_text("{")
    (tmp_path / "out/verdicts/bob.json").write_text(json.dumps({"key": {"points": 1}}))
    _, everyone = grade(folder, toy, tmp_path / "out", jobs=1)
    assert fresh(everyone) == {"ann": 4, "bob": 4}


def test_a_mistake_of_the_grader_is_not_the_students(folder, toy, tmp_path, here):
    toy = change(toy.folder, "x[[1, 3]] = 1", "x[[1, 3]] = 1 / 0")
    _, everyone = grade(folder, toy, tmp_path / "out", jobs=1)
    by = {graded.submission.student: graded for graded in everyone}
    assert by["ann"].status == "not graded"
    assert by["ann"].reason == "the grader failed: ZeroDivisionError: division by zero"
    assert by["cy"].status == "broken file"


def test_members_of_a_group_have_the_same_inputs(toy, tmp_path, here):
    folder = tmp_path / "group"
    hand_in(folder / "submission_1/a0_toy.ipynb", *RIGHT.values())
    (folder / "submission_metadata.yml").write_text(
        "submission_1:\n  :submitters:\n  - :name: A\n    :sid: 2\n  - :name: B\n    :sid: 1\n"
    )
    tasks = []

    def collect(given):
        tasks.extend(given)
        yield from batch.run_here(given, 1)

    _, everyone = grade(folder, toy, tmp_path / "out", run=collect)
    assert points(everyone) == {"1": 100, "2": 100}
    assert [item.seed for item in tasks] == [student_seed(0, TERM, "a0_toy", "1")] * 2


@pytest.mark.slow
def test_in_sandboxes(folder, toy, tmp_path):
    _, everyone = grade(folder, toy, tmp_path / "out", jobs=2, walls=sandbox.probe())
    assert points(everyone) == {
        "ann": 100,
        "bob": 80,
        "cy": 0,
        "dan": 0,
        "eve": 0,
        "fay": 0,
        "gus": 0,
        "hal": 0,
        "ida": 40,
    }
    assert not [graded for graded in everyone if graded.status == "not graded"]


def test_two_at_once(folder, toy, tmp_path, here):
    _, everyone = grade(folder, toy, tmp_path / "out", jobs=2)
    assert points(everyone)["ann"] == 100
    assert fresh(everyone) == {"ann": 4, "bob": 4, "gus": 4, "ida": 4}


def test_what_is_sent_to_another_machine_is_the_source(toy, tmp_path, here):
    source = pack(toy.folder)
    shutil.rmtree(toy.folder)
    todo = (("q1", "values"),)
    outcome = run_task(Task(source, TERM, (("q2", "first"),), 5, RIGHT, todo))
    assert outcome["failure"] == ""
    assert [(part["part"], part["earned"]) for part in outcome["parts"]] == [("values", 40)]


def test_the_toy_is_what_these_tests_change():
    assert QUESTIONS.count("x[[1, 3]] = 1") == 1


ANSWERS = "\n\n".join(RIGHT.values())
#: Honest work in forms that other programs make of it: the file's name, and its text.
FORMS = {
    "VS Code": ("a0_toy.py", "#%%\n" + RIGHT["q1"] + "\n#%%\n" + RIGHT["q2"]),
    "nbconvert": ("a0_toy.py", "#!/usr/bin/env python\n# In[3]:\n\n" + RIGHT["q1"] + "\n# In[ ]:\n\n" + RIGHT["q2"]),
    "one file": ("a0_toy.py", "import nobody_has_this\n\n" + ANSWERS),
    "merged cells": ("a0_toy.ipynb", notebook("import nobody_has_this\n" + ANSWERS)),
    "lines without ends": ("a0_toy.ipynb", notebook(*(source.splitlines() for source in RIGHT.values()))),
    "other marks": ("a0_toy.ipynb", notebook(*(source.replace("# answer: q", "\n#Answer:  Q").replace("\ndef", " (done)\ndef")
                                               for source in RIGHT.values()))),
    "Colab": ("Copy of a0_toy.ipynb", notebook(*RIGHT.values())),
    "Jupyter": ("a0_toy-Copy1.ipynb", notebook(*RIGHT.values())),
    "Windows": ("a0_toy - Copy.ipynb", notebook(*RIGHT.values())),
    "people": ("a0_toy_final_v2.ipynb", notebook(*RIGHT.values())),
    "short": ("a0.ipynb", notebook(*RIGHT.values())),
    "browsers": ("a0_toy (2)-1.ipynb", notebook(*RIGHT.values())),
    "text": ("a0_toy.ipynb.txt", notebook(*RIGHT.values())),
}  # fmt: skip


def test_honest_work_in_other_forms_has_all_points(toy, tmp_path, here):
    for student, (name, content) in FORMS.items():
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / name).write_text(content)
    _, everyone = grade(tmp_path / "in", toy, tmp_path / "out", jobs=1)
    assert points(everyone) == dict.fromkeys(FORMS, 100)


def test_another_assignments_answers_by_this_ones_name_are_said(toy, tmp_path, here):
    for name, text in {"a1_other": "from types import SimpleNamespace as Q\nQUESTIONS = [Q(functions=('one', 'two'))]\n",
                       "a2_broken": "1 / 0\n"}.items():  # fmt: skip
        (toy.folder.parent / name).mkdir()
        (toy.folder.parent / name / "questions.py").write_text(text)
    hand_in(tmp_path / "in/ann/a0_toy.ipynb", *RIGHT.values())
    hand_in(tmp_path / "in/bob/a0_toy.ipynb", "# answer: q1\ndef one(x):\n    return x\n\n\ndef two(x):\n    return x")
    hand_in(tmp_path / "in/cy/homework.ipynb", "# answer: q1\ndef one(x):\n    return x")
    _, everyone = grade(tmp_path / "in", toy, tmp_path / "out", jobs=1)
    notes = {graded.submission.student: graded.submission.notes or graded.reason for graded in everyone}
    assert notes == {
        "ann": "",
        "bob": "its answers define more functions of a1_other than of a0_toy",
        "cy": "no file a0_toy.ipynb or a0_toy.py; there is: homework.ipynb (of a1_other)",
    }


def test_cells_that_belong_to_nothing_here_are_said(toy, tmp_path, here):
    hand_in(tmp_path / "in/ann/a0_toy.ipynb", RIGHT["q1"], "# answer: q11\nx = 1")
    hand_in(tmp_path / "in/bob/a0_toy.ipynb", "# answer: q1\ndef conv2d(x):\n    return x")
    hand_in(tmp_path / "in/cy/a0_toy.ipynb", "# answer: q1\nx = 1", "def scale(x, factor):\n    pass\n# answer: q1")
    _, everyone = grade(tmp_path / "in", toy, tmp_path / "out", jobs=1)
    notes = {graded.submission.student: graded.submission.notes for graded in everyone}
    assert notes == {
        "ann": "answer cells of q11: a0_toy has no such question",
        "bob": "its answers define no function of a0_toy: perhaps another assignment's file",
        "cy": "",
    }
