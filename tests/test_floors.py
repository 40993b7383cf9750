"""The floors of docs/architecture.md: imports only go down. The contracts are in setup.cfg."""

import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as main; main(['--no-cache', '--no-logo'])"


def lint_imports(folder):
    command = [sys.executable, "-c", LINT_IMPORTS]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_imports_only_go_down():
    pytest.importorskip("importlinter")
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("kernels/upwards.py", "from minidet.nn import functional"),
        ("optim/sideways.py", "import minidet.metrics"),
        ("kernels/through_the_roof.py", "import minidet"),
        ("ops/foreign.py", "import torch"),
        ("nn/compiled.py", "import numba"),
        ("kernels/reference/cheating.py", "import numba"),
        ("homeless.py", "import numpy"),
    ],
)
@pytest.mark.slow
def test_a_forbidden_import_is_found(tmp_path, module, line):
    """Plant one in a copy of the package: the contracts would be worth nothing if they let it pass."""
    pytest.importorskip("importlinter")
    shutil.copytree(ROOT / "minidet", tmp_path / "minidet", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    (tmp_path / "minidet" / module).write_text(f'"""Planted."""\n\n{line}\n')
    result = lint_imports(tmp_path)
    assert result.returncode != 0, result.stdout
