"""Every notebook runs, in quick mode, in a process and a folder of its own; the runner notices what is wrong."""

import importlib.util
import pathlib
import subprocess
import sys
from types import SimpleNamespace

import pytest

from notebooks import __main__ as runner

ROOT = pathlib.Path(__file__).parents[2]


def run(*names):
    """Run ``python -m notebooks``."""
    command = [sys.executable, "-m", "notebooks", *names]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=runner.TIMEOUT, check=False)


@pytest.mark.notebooks
@pytest.mark.slow
@pytest.mark.parametrize("name", runner.names())
def test_notebook_runs(name):
    for package in ("nbclient", "jupytext", "ipykernel"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install -e '.[notebooks]'")
    result = run(name)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", runner.names())
def test_notebook_has_both_files_and_is_small(name):
    assert (runner.FOLDER / f"{name}.py").is_file()
    assert (runner.FOLDER / f"{name}.ipynb").stat().st_size < 1_000_000


def notebook(*sources):
    return SimpleNamespace(cells=[SimpleNamespace(cell_type="code", source=source) for source in sources])


def test_another_cell_is_a_difference():
    assert runner.differences(notebook("a", "b"), notebook("a", "b")) == []
    assert runner.differences(notebook("a", "b"), notebook("a", "c")) == ["cell 1"]
    assert runner.differences(notebook("a", "b"), notebook("a")) == ["2 cells in the source, 1 in the notebook"]


def test_a_notebook_that_does_not_exist_is_an_error():
    result = run("00_nothing")
    assert result.returncode == 2
    assert "no such notebook: 00_nothing; there are: " in result.stderr


@pytest.mark.notebooks
@pytest.mark.slow
def test_a_failing_cell_is_an_error():
    for package in ("nbclient", "ipykernel"):
        pytest.importorskip(package)
    code = """
import nbformat
from notebooks.__main__ import execute
cells = [nbformat.v4.new_code_cell("import os; print(os.environ['MINIDET_QUICK'])"), nbformat.v4.new_code_cell("1 / 0")]
execute(nbformat.v4.new_notebook(cells=cells), quick=True)
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode != 0
    assert "ZeroDivisionError" in result.stderr
