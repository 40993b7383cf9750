"""``pytest --cases N``, which ``make check`` uses: it chooses among the tests that -k and -m have left."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.mark.parametrize("letter", "abcdef")
def test_letter(letter):
    pass

@pytest.mark.parametrize("letter", [pytest.param("a", marks=pytest.mark.slow), "b"])
def test_marked(letter):
    pass

def test_alone():
    pass
"""


@pytest.mark.slow
@pytest.mark.parametrize("options, expected", [
    (["--cases", "1"], ["letter[a]", "marked[a]", "alone"]),
    (["--cases", "2"], ["letter[a]", "letter[d]", "marked[a]", "marked[b]", "alone"]),
    (["--cases", "1", "-k", "b or c"], ["letter[b]", "marked[b]"]),
    (["--cases", "1", "-m", "not slow"], ["letter[a]", "marked[b]", "alone"]),
])  # fmt: skip
def test_cases(options, expected, tmp_path):
    (tmp_path / "test_toy.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow: slow\n")
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "tests.conftest", *options, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    assert [line.partition("::test_")[2] for line in done.stdout.splitlines() if "::" in line] == expected
