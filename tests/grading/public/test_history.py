"""The cells of a notebook as they were last run, from what IPython remembers."""

import sys
import types

import pytest

from minidet.grading.public.history import History

F1, F2 = "# answer: q1\ndef f(x):\n    return 1", "# answer: q1\ndef f(x):\n    return 2"
HELPER = "# answer: q1\ndef helper(x):\n    return x"


def answers(*cells):
    return History({"In": ["", *cells]}).answers()


def test_a_cell_that_is_run_again_counts_as_it_was_last():
    assert answers(F1, "f(1)", F2) == {"q1": [F2]}
    assert answers(HELPER, F1, F1, F2, HELPER) == {"q1": [HELPER, F2]}


def test_other_cells_and_other_questions():
    other = F1.replace("q1", "q2")
    assert answers("import math", F1, other) == {"q1": [F1], "q2": [other]}
    assert answers("def f(x):\n    return 3", F1) == {"q1": [F1]}


def test_a_mistake_in_the_last_run_counts():
    broken = "# answer: q1\ndef f(x):\n    return = 1"
    assert answers(F1, broken) == {"q1": [broken]}


def test_magic_words_are_left_out():
    assert answers("%%time\n" + F1, "x = 1\n") == {"q1": ["\n" + F1]}


def test_without_ipython_nothing_is_known():
    assert History({"In": ["", F1]}).known
    assert not History({}).known


class Shell:
    """What History uses of IPython."""

    def __init__(self, names):
        self.user_ns, self.listeners = names, []
        self.history_manager = types.SimpleNamespace(input_hist_raw=[""])
        self.events = types.SimpleNamespace(register=lambda event, call: self.listeners.append(call))

    def run(self, source, cell=None):
        info = types.SimpleNamespace(cell_id=cell, store_history=True)
        for listener in self.listeners:
            listener(info)
        self.history_manager.input_hist_raw.append(source)


@pytest.fixture
def shell(monkeypatch):
    shell = Shell({"In": [""]})
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    return shell


def test_jupyter_tells_which_cell_is_run(shell):
    """A helper with a new name, and a cell that no longer answers, take the place of what they were."""
    history = History(shell.user_ns)
    shell.run(HELPER, "a")
    shell.run(F1, "b")
    shell.run(HELPER.replace("helper", "renamed"), "a")
    assert history.answers() == {"q1": [HELPER.replace("helper", "renamed"), F1]}
    shell.run("print()", "b")
    assert history.answers() == {"q1": [HELPER.replace("helper", "renamed")]}


def test_two_cells_with_one_function_are_both_there(shell):
    history = History(shell.user_ns)
    shell.run(F1, "a")
    shell.run(F2, "b")
    assert history.answers() == {"q1": [F1, F2]}


def test_cells_run_before_it_listened(shell):
    shell.run(F1, "a")
    history = History(shell.user_ns)
    shell.run(F2, "a")
    assert history.answers() == {"q1": [F2]}


def test_the_cells_are_read_as_they_were_written(shell):
    """IPython's own list has the magic words translated already."""
    shell.run("# answer: q1\nx = !ls\ny = 2")
    shell.user_ns["In"].append("# answer: q1\nx = get_ipython().getoutput('ls')\ny = 2")
    assert History(shell.user_ns).answers() == {"q1": ["# answer: q1\n\ny = 2"]}


def test_in_ipython_itself():
    ipython = pytest.importorskip("IPython.core.interactiveshell")
    shell = ipython.InteractiveShell()
    try:
        shell.run_cell("%%time\n# answer: q1\nx = 1", store_history=True)
        names = shell.user_ns
        previous = sys.modules["IPython"].get_ipython
        sys.modules["IPython"].get_ipython = lambda: shell
        try:
            history = History(names)
            shell.run_cell(F1, store_history=True, cell_id="a")
            shell.run_cell(HELPER, store_history=True, cell_id="a")
            assert history.answers() == {"q1": ["\n# answer: q1\nx = 1", HELPER]}
        finally:
            sys.modules["IPython"].get_ipython = previous
    finally:
        shell.history_manager.end_session()
        ipython.InteractiveShell.clear_instance()
