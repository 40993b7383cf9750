"""Every notebook runs, in quick mode, in a process and a folder of its own; the runner notices what is wrong."""

import base64
import importlib.util
import io
import pathlib
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

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


def test_the_story_has_a_door_to_every_other_notebook():
    """With the minutes of reading that the notebook's own head says."""
    story = (runner.FOLDER / "00_the_story.py").read_text(encoding="utf-8")
    doors = dict(re.findall(r"^# \[(\w+)\]: (\w+)\.ipynb$", story, re.MULTILINE))
    assert sorted(doors.values()) == [name for name in runner.names() if name != "00_the_story"]
    for key, name in doors.items():
        head = (runner.FOLDER / f"{name}.py").read_text(encoding="utf-8")
        minutes = re.search(r"\*\*Time\*\* \| reading: (\d+)", head)[1]
        assert re.search(rf"^# \| \[[^]]+\]\[{key}\] \| .+ \| {minutes} \|$", story, re.MULTILINE), name


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


def png(pixels):
    """Return pixels (H, W, 4) as a PNG, as base64."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_a_large_picture_is_kept_with_few_colours():
    rng = np.random.default_rng(0)
    photograph = np.full((200, 300, 4), 255, np.uint8)
    photograph[:, :, :3] = np.linspace(0, 200, 300)[:, None] + rng.integers(0, 40, (200, 300, 3))
    photograph[:10, :, 3] = 0  # no ground
    before = png(photograph)
    assert len(before) > runner.LARGE_PICTURE
    after = runner.smaller(before)
    assert len(after) < len(before) / 2
    with Image.open(io.BytesIO(base64.b64decode(after))) as kept:
        assert kept.mode == "P"
        found = np.asarray(kept.convert("RGBA")).astype(int)
    assert found.shape == photograph.shape
    assert (found[:10, :, 3] == 0).all()
    assert (found[10:, :, 3] == 255).all()
    assert abs(found[10:, :, :3] - photograph[10:, :, :3]).mean() < 12


def test_a_small_picture_stays_as_it_is():
    small = png(np.full((20, 30, 4), 255, np.uint8))
    assert runner.smaller(small) == small
