"""Students' own checks: what they say of right answers, of wrong ones, and of those that do not end."""

import re

import pytest

from minidet.grading import checks
from minidet.grading.assignments.public_cases import read_public
from minidet.grading.assignments.release import release
from minidet.grading.public.check import LIMITS, check_question, count, find_cases
from minidet.grading.public.runs import Answer
from minidet.grading.sandbox import own_machine
from minidet.grading.sandbox.choice import SandboxError
from minidet.grading.sandbox.limits import Limits
from minidet.grading.sandbox.own_machine import running

from ..handed_in import RIGHT
from ..toy import load_toy


@pytest.fixture
def toy(tmp_path):
    return load_toy(tmp_path)


@pytest.fixture
def public(toy, tmp_path):
    return read_public(release(toy, tmp_path))


def no_child():
    raise SandboxError("not here")


@pytest.fixture(params=["in a child", "in this process"], autouse=True)
def place(request, monkeypatch):
    """Everything is the same where no process can be started."""
    if request.param == "in this process":
        monkeypatch.setattr(own_machine.Child, "find", no_child)
    return request.param


@pytest.fixture
def said(capsys, public):
    """Check the cells of a question; return the counts and what is printed, each line without its indent."""

    def check(question, *cells, limits=LIMITS, elsewhere=frozenset()):
        number = [one.id for one in public.questions].index(question)
        with running({question: list(cells)}, limits) as runs:
            answer = Answer(list(cells), elsewhere)
            near = None if limits is LIMITS else limits
            counts = check_question(public.questions[number], runs.call, answer, limits=near)
        return counts, [line.strip() for line in capsys.readouterr().out.splitlines()]

    return check


def scale(*lines):
    return "\n    ".join(["# answer: q1\ndef scale(x, factor):", *lines]) + "\n"


def peak(*lines):
    return "\n    ".join(["# answer: q2\ndef peak(x):", *lines]) + "\n"


def test_a_right_answer(said):
    counts, lines = said("q1", RIGHT["q1"])
    assert counts == (2, 2)
    assert lines == ["q1  Scale", "passed  values", "passed  negative",
                     "q1: public checks passed (2 of 2). The grader uses other inputs."]  # fmt: skip


def test_a_wrong_answer(said):
    counts, lines = said("q1", scale("return abs(factor) * x, (abs(factor) * x).sum()"))
    assert counts == (1, 2)
    assert lines[2:4] == ["wrong   negative", "a negative factor: scale(x 2x2, factor=-1)"]
    assert lines[4].startswith("item 0 of the result: 4 of 4 numbers are wrong, the worst at [1, 0]: yours is ")
    assert lines[-1] == "q1: 1 of 2 public checks passed."
    assert "wrong sign" in " ".join(lines)


def test_names_and_hints(said):
    _, lines = said("q1", scale("return factor * x, 0.0"))
    assert lines[3].startswith("total is 0, expected ")
    assert lines[4] == "Hint: Multiply."


@pytest.mark.parametrize("body", [
    "x *= factor; return x, x.sum()", "return None", "return undefined", "return x + 'a'", "return x.total", "return 'a'",
    "import scipy",
])  # fmt: skip
def test_no_hint_where_it_would_lead_away(said, body):
    counts, lines = said("q1", scale(body))
    assert counts[0] < 2
    assert "Hint" not in " ".join(lines)


def test_one_hint_for_one_function(said):
    """All places are wrong for one reason; the hint for ties would lead away from it."""
    counts, lines = said("q2", peak("return 77"))
    assert counts == (0, 2)
    assert "Hint" not in " ".join(lines)  # the first part has none
    counts, lines = said("q2", peak("return len(x) - 1 - x[::-1].argmax()"))
    assert (counts, "Hint: Which of the equals?" in lines) == ((1, 2), True)


def test_an_exception_shows_its_line(said):
    _, lines = said("q1", scale("rows, columns, channels = x.shape", "return rows"))
    assert "it raised ValueError: not enough values to unpack (expected 3, got 2)" in lines
    assert "in line 3 of the cell:  rows, columns, channels = x.shape" in lines


def test_an_exception_below_shows_the_line_that_called_it(said):
    _, lines = said("q1", "# answer: q1\nimport math\n", scale("return np.linalg.inv(x)"))
    assert "in line 3 of answer cell 2:  return np.linalg.inv(x)" in lines


def test_an_input_that_is_changed(said):
    _, lines = said("q1", scale("x *= factor", "return x, x.sum()"))
    assert "your function changed its input x: work on a copy" in lines


def test_the_stored_inputs_stay_as_they_were(said):
    said("q1", scale("x.fill(0)"))
    assert said("q1", RIGHT["q1"])[0] == (2, 2)


def test_an_error_that_is_asked_for(said):
    _, lines = said("q2", peak("return int(np.argmax(x)) if len(x) else -1"))
    assert "none: peak(x 0)" in lines
    assert "it returned a result, expected a ValueError" in lines


def test_what_is_not_written_yet(said):
    counts, lines = said("q2", peak('raise NotImplementedError("q2: write this function")'))
    assert counts == (0, 2)
    assert lines == ["q2  Peak", "not written yet", "q2: 0 of 2 public checks passed."]


def test_a_function_that_is_not_there(said):
    assert said("q2", "# answer: q2\ny = 1")[1][1:] == [
        "there is no function peak in the answer cells of q2", "q2: 0 of 2 public checks passed."]  # fmt: skip


@pytest.mark.parametrize("line, words", [
    ("y = = 1", "the cell cannot be run: SyntaxError: invalid syntax"),
    ("import scipy", "the cell cannot be run: ModuleNotFoundError: No module named 'scipy', in line 2 of the cell:"),
    ("helper()", "the cell cannot be run: NameError: name 'helper' is not defined, in line 2 of the cell:  helper()"),
    ("import sys; sys.exit()", "the cell cannot be run: SystemExit, in line 2 of the cell:  import sys; sys.exit()"),
    ("exit(0)", "the cell cannot be run: NameError: name 'exit' is not defined"),
])  # fmt: skip
def test_a_cell_that_cannot_be_run_is_said_once_and_without_a_hint(said, line, words):
    counts, lines = said("q1", RIGHT["q1"].replace("q1\n", f"q1\n{line}\n"))
    assert counts == (0, 2)
    assert lines[1].startswith(words)
    assert len([one for one in lines if "cannot be run" in one]) == 1
    assert "Hint" not in " ".join(lines)


def test_an_error_ends_its_own_cell_only(said):
    assert said("q1", "# answer: q1\n1 / 0", RIGHT["q1"], "# answer: q1\ny = = 1")[0] == (2, 2)


def test_a_name_from_elsewhere(said):
    cell = scale("return helper(x, factor)")
    _, lines = said("q1", cell, elsewhere={"helper", "len"})
    assert "it raised NameError: name 'helper' is not defined" in lines
    note = "scale uses helper from outside its cell: the grader runs the answer cells of q1 alone, with np only"
    assert note in " ".join(lines)
    assert len([line for line in lines if "from outside" in line]) == 1


def test_a_loop_without_end_is_stopped(said):
    """Also one that catches every exception; the other parts are tried all the same."""
    limits = Limits(call=0.5)
    body = ("if factor > 0:", "    while True:", "        try:", "            sum(range(100))",
            "        except Exception:", "            pass", "return factor * x, (factor * x).sum()")  # fmt: skip
    counts, lines = said("q1", scale(*body), limits=limits)
    assert counts == (1, 2)
    assert "stopped: no result after 0.5 seconds: is there a loop without end?" in lines
    assert "passed  negative" in lines


def test_cells_without_end_are_stopped_once(said):
    counts, lines = said("q1", scale("return x"), "# answer: q1\nwhile True:\n    pass", limits=Limits(load=0.5))
    assert counts == (0, 2)
    assert lines[1:] == ["the cells cannot be run: no result after 0.5 seconds: is there a loop without end?",
                         "q1: 0 of 2 public checks passed."]  # fmt: skip


@pytest.mark.slow
def test_slow_calls_are_warned_of(said):
    body = ("import time", "time.sleep(1.1)", "return factor * x, (factor * x).sum()")
    counts, lines = said("q1", scale(*body), limits=Limits(call=2))
    assert counts == (2, 2)
    assert re.fullmatch(r"slow: a call took 1\.\d seconds, and the grader stops a call after 2", lines[3])


def test_loading_is_no_call(said):
    cell = RIGHT["q1"] + "import time\ntime.sleep(0.6)\n"
    counts, lines = said("q1", cell, limits=Limits(call=0.5))
    assert counts == (2, 2)
    assert "slow" not in " ".join(lines)


def test_what_is_printed_is_shown(said):
    assert "hello there" in " ".join(said("q1", RIGHT["q1"] + "print('hello there')\n")[1])


def test_what_ends_the_process_fails(said, place):
    if place == "in a child":
        counts, lines = said("q1", scale("import os", "os._exit(0)"))
        assert counts == (0, 2)
        assert "it ended the process: the process ended itself with status 0" in lines


def test_ctrl_c_is_for_the_student(public, place):
    if place == "in this process":
        with running({"q2": [peak("raise KeyboardInterrupt")]}, LIMITS) as runs, pytest.raises(KeyboardInterrupt):
            check_question(public.questions[1], runs.call, Answer(["# answer: q2"]))


def test_never_all_correct():
    assert count(3, 3) == "public checks passed (3 of 3). The grader uses other inputs."
    assert count(2, 3) == "2 of 3 public checks passed."


def test_check_in_a_notebook(capsys, toy, tmp_path, monkeypatch):
    monkeypatch.chdir(release(toy, tmp_path))
    notebook = {"checks": checks, "In": ["", RIGHT["q1"], RIGHT["q2"]]}
    exec('check = checks("a0_toy")\ncheck("q1")', notebook)
    assert capsys.readouterr().out.endswith("q1: public checks passed (2 of 2). The grader uses other inputs.\n")
    notebook["In"].append(scale("return None"))
    exec("check()", notebook)
    printed = capsys.readouterr().out
    assert "is there a return?" in printed
    assert printed.endswith("\nAll together: 2 of 4 public checks passed.\n")
    with pytest.raises(ValueError, match="check: the question is 'q9', expected one of q1, q2, or nothing for all"):
        notebook["check"]("q9")


def test_a_cell_that_was_not_run_yet(capsys, toy, tmp_path, monkeypatch):
    monkeypatch.chdir(release(toy, tmp_path))
    notebook = {"checks": checks, "In": ["", "def scale(x, factor):\n    return x"], "scale": abs}
    exec('check = checks("a0_toy")\ncheck()', notebook)
    printed = " ".join(capsys.readouterr().out.split())
    assert "scale stands in a cell whose first line is not '# answer: q1': the grader does not find it" in printed
    assert "no cell that begins with '# answer: q2' has been run yet" in printed


def test_a_program_is_checked_as_it_is_written(capsys, toy, tmp_path, monkeypatch):
    monkeypatch.chdir(release(toy, tmp_path))
    file = tmp_path / "mine.py"
    file.write_text(f"# %%\n{RIGHT['q1']}")
    exec('checks("a0_toy")("q1")', {"checks": checks, "__file__": str(file)})
    assert "passed (2 of 2)" in capsys.readouterr().out
    with pytest.raises(ValueError, match="is no notebook, expected Jupyter or IPython: in a terminal, minidet check"):
        exec('checks("a0_toy")("q1")', {"checks": checks})


def test_the_cases_are_found_beside_and_above(toy, tmp_path):
    folder = release(toy, tmp_path / "assignments")
    (folder / "deeper").mkdir()
    for place in (folder, folder / "deeper", tmp_path / "assignments", tmp_path):
        assert find_cases("a0_toy", place) == folder
    with pytest.raises(FileNotFoundError, match="has no assignment.json of a1_other, expected one: it comes with"):
        find_cases("a1_other", folder)
