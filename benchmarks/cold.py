"""How long a newcomer waits: ``import minidet``, the first training step with empty caches, and in the next process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

IMPORTS = {"numpy + numba": "import numpy, numba", "minidet": "import minidet, minidet.nn, minidet.optim"}
FIRST_STEP = """
import sys
from benchmarks.frameworks.backends import Minidet
from benchmarks.cases import CASES
next(case for case in CASES if case.name == sys.argv[1]).build(Minidet())()
"""


def seconds_of(code: str, *arguments: str, **environment: str) -> float:
    """Run ``code`` in a new Python process, which keeps its bytecode as Python does, and time it from start to end."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], env=environment, check=True)
    return time.perf_counter() - start


def measure_cold(case: str, repeats: int = 7) -> dict[str, float]:
    """Return seconds: the imports (best of ``repeats``), the first step with nothing cached, the next process's."""
    imports = {name: min(seconds_of(code) for _ in range(repeats)) for name, code in IMPORTS.items()}
    with tempfile.TemporaryDirectory() as folder:
        first = seconds_of(FIRST_STEP, case, MINIDET_CACHE=folder)
        second = min(seconds_of(FIRST_STEP, case, MINIDET_CACHE=folder) for _ in range(3))
    return {
        "import above numpy + numba": imports["minidet"] - imports["numpy + numba"],
        "first training step, nothing cached": first,
        "first training step, next process": second,
    }
