"""What a student's own check passes, the grader loads; what fails there, fails here: in the notebook and in a terminal."""

import sys

import pytest

from minidet.cli import main
from minidet.grading.assignments.public_cases import read_public
from minidet.grading.assignments.release import release
from minidet.grading.intake.answers import read_answers
from minidet.grading.public.check import Checks
from minidet.grading.sandbox import own_machine
from minidet.grading.sandbox.choice import SandboxError
from minidet.grading.scoring.score import score

from .handed_in import RIGHT, notebook
from .toy import load_toy

Q1 = RIGHT["q1"]


def before(line):
    """Return the right answer with a line above its function."""
    return [Q1.replace("# answer: q1\n", f"# answer: q1\n{line}\n")]


def behind(line):
    return [f"{Q1}{line}\n"]


def body(*lines):
    return ["\n    ".join(["# answer: q1\ndef scale(x, factor):", *lines, "return factor * x, (factor * x).sum()\n"])]


HELPER = "def helper(x):\n    return x"
PICKLE = """# answer: q1
import pickle
class Pair:
    def __init__(self, x):
        self.x = x
def scale(x, factor):
    y = pickle.loads(pickle.dumps(Pair(x))).x * factor
    return y, y.sum()
"""
DATACLASS = """# answer: q1
from dataclasses import dataclass
@dataclass
class Pair:
    x: "np.ndarray"
    y: "float" = 0.0
def scale(x, factor):
    pair = Pair(x * factor)
    return pair.x, pair.x.sum()
"""
FUTURE = """# answer: q1
from __future__ import annotations
def scale(x: Nothing, factor):
    return x * factor, (x * factor).sum()
"""
#: Cells, whether they earn the points of q1, and a word of the reason if not.
ROWS = {
    "plain": ([Q1], ""),
    "matplotlib": (before("import matplotlib.pyplot as plt"), "ModuleNotFoundError"),
    "matplotlib in a cell of its own": (["# answer: q1\nimport matplotlib.pyplot as plt", Q1], ""),
    "matplotlib behind": (behind("import matplotlib.pyplot as plt"), ""),
    "scipy": (before("from scipy import signal"), "ModuleNotFoundError"),
    "tqdm": (before("from tqdm import tqdm"), "ModuleNotFoundError"),
    "minidet": (before("import minidet"), "ModuleNotFoundError"),
    "an import that is tried": (before("try:\n    import scipy\nexcept ImportError:\n    scipy = None"), ""),
    "an import in the function": (body("import scipy"), "ModuleNotFoundError"),
    "a thread pool that is not used": (before("from concurrent.futures import ThreadPoolExecutor"), ""),
    "a thread pool": (body("from concurrent.futures import ThreadPoolExecutor",
                           "list(ThreadPoolExecutor().map(abs, [1, 2]))"), "RuntimeError"),
    "another process": (body("import os", "os.fork()"), "PermissionError"),
    "a program": (body("import subprocess", "subprocess.run(['true'])"), "PermissionError"),
    "a socket": (body("import socket", "socket.socket()"), "PermissionError"),
    "a file of the machine": (body("open('/etc/passwd')"), "FileNotFoundError"),
    "a file beside the notebook": (body("np.load('public.npz')"), "FileNotFoundError"),
    "a file of its own": (body("np.save('mine.npy', x)", "np.load('mine.npy')"), ""),
    "the standard library": (before("import math, functools, itertools, random, json, pickle, time, unittest"), ""),
    "a check behind": (behind('check("q1")'), ""),
    "a check above": (before('check("q1")'), "NameError"),
    "a trial print": (behind("print(scale(np.ones(2), 2))"), ""),
    "a trial that raises": (behind("scale(1)"), ""),
    "future": ([*behind(""), "# answer: q1\nfrom __future__ import annotations\ny: nothing = 1"], ""),
    "future behind a helper": (["# answer: q1\nz = 1", FUTURE], ""),
    "dataclass": ([DATACLASS], ""),
    "pickle": ([PICKLE], ""),
    "help": (behind("np.pad?"), ""),
    "the shell": (before("x = !ls"), ""),
    "time": (before("%time x = 3"), ""),
    "cell magic": (["%%time\n" + Q1], ""),
    "a string with magic": (before('TEXT = """\n%time\n!ls\n"""\nassert len(TEXT) == 11'), ""),
    "a scratch cell": (["# answer: q1\ny = = 1", Q1], ""),
    "a mistake in the cell": (before("y = = 1"), "SyntaxError"),
    "a helper inside a helper": (["# answer: q1\ndef twice(x):\n    return helper(x)\n" + body("twice(x)")[0][13:]],
                                 "NameError"),
    "a helper inside a class": (["# answer: q1\nclass A:\n    y = helper(1)\n" + Q1[13:]], "NameError"),
    "a helper as a decorator": (["# answer: q1\n@helper\n" + Q1[13:]], "NameError"),
    "exit": (before("exit(0)"), "NameError"),
    "sys.exit": (before("import sys; sys.exit()"), "SystemExit"),
    "sys.exit behind": (behind("import sys; sys.exit()"), ""),
    "quit": (before("quit()"), "NameError"),
    "os._exit": (before("import os; os._exit(0)"), "ended itself with status 0"),
    "os._exit in the function": (body("import os; os._exit(0)"), "ended itself with status 0"),
    "a mark with capitals": (["# Answer: Q1 (finished!)\n" + Q1[13:]], ""),
    "an import above the mark": (["\nimport math\n" + Q1], ""),
}  # fmt: skip
#: What only a child can hold; and what is printed, which appears at once where there is none.
IN_A_CHILD = {"a trial print", "a thread pool", "another process", "a socket", "a file of the machine", "a file beside the notebook",
              "a file of its own", "os._exit", "os._exit in the function", "a program"}  # fmt: skip


def no_child():
    raise SandboxError("not here")


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return load_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def folder(toy, tmp_path_factory):
    return release(toy, tmp_path_factory.mktemp("student"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the grader runs on Linux")
@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_all_three_say_the_same(row, toy, folder, namespaces, capsys, monkeypatch):
    cells, reason = ROWS[row]
    path = folder / "mine.ipynb"
    path.write_text(notebook(HELPER, *cells))
    monkeypatch.chdir(folder)

    graded = [part for part in score(toy, read_answers(path), 3, namespaces).parts if part.question == "q1"]
    status = main(["check", str(path), "q1"])
    terminal = " ".join(capsys.readouterr().out.split())
    names = {"In": ["", HELPER, *cells], "helper": len}
    Checks(read_public(folder), names)("q1")
    in_notebook = " ".join(capsys.readouterr().out.split())

    earned = {part.earned == part.points for part in graded}
    assert earned == {not reason}, graded
    assert status == bool(reason), terminal
    assert ("public checks passed (2 of 2)" in in_notebook) == (not reason), in_notebook
    for words in (str(graded), terminal, in_notebook):
        assert reason in words
    if row not in IN_A_CHILD:
        monkeypatch.setattr(own_machine.Child, "find", no_child)
        Checks(read_public(folder), names)("q1")
        assert " ".join(capsys.readouterr().out.split()) == in_notebook


def test_a_function_of_another_question_in_a_terminal(folder, capsys, monkeypatch):
    """The words are those of the notebook."""
    path = folder / "mine.ipynb"
    path.write_text(notebook(Q1, RIGHT["q2"].replace("return x.argmax()", "return scale(x, 1)[0].argmax()")))
    assert main(["check", str(path), "q2"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "peak uses scale from outside its cell: the grader runs the answer cells of q2 alone, with np only" in printed
    )
