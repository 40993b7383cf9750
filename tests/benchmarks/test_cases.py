"""The benchmark measures what it says it measures."""

import pathlib
import subprocess
import sys

import pytest

from benchmarks.cases import CASES, DEMO, STEPS
from minidet.training.recipes import recipe_for


def test_the_demo_is_the_demo():
    recipe = recipe_for("deconvnet", "digits")
    assert DEMO[2] == recipe.model_args
    assert f"batch {recipe.batch_size}," in STEPS[0].name


def test_names_are_unique():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_pytorch_is_measured_without_minidet():
    pytest.importorskip("torch")
    code = (
        "import sys; from benchmarks.backends import Torch; from benchmarks.cases import STEPS; "
        "STEPS[0].warm(Torch())(); print(sorted(name for name in sys.modules if name.startswith(('minidet', 'numba'))))"
    )
    root = pathlib.Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
