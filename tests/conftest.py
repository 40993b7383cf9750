"""What every test starts from: the same seeds, and hypothesis without a clock."""

import importlib.util
import os
import signal
import sys

import hypothesis
import numpy as np
import pytest

from minidet import random
from minidet.kernels.launch import jit

# No deadline: the first example compiles. Derandomised in CI: a push fails for what it changed, not for its luck.
hypothesis.settings.register_profile("default", deadline=None, max_examples=25)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("default"), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


#: Folders of many tests that start processes, or run whole assignments: for `make test`, not for `make check`.
WHOLLY_SLOW = ("tests/grading/attacks", "tests/grading/sandbox", "tests/assignments")


def pytest_addoption(parser):
    """Let ``make check`` run a few cases of each test that has many."""
    parser.addoption("--cases", type=int, metavar="N", help="of each parametrised test, only N cases, evenly spread")


def spread(items, most: int) -> tuple[list, list]:
    """Return the tests that are kept and those that are left out: of each function at most ``most``, evenly spread."""
    families: dict = {}
    for item in items:
        families.setdefault(item.nodeid.partition("[")[0], []).append(item)
    kept = set()
    for family in families.values():
        count = min(most, len(family))
        kept.update(family[k * len(family) // count].nodeid for k in range(count))
    return [item for item in items if item.nodeid in kept], [item for item in items if item.nodeid not in kept]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config, items):
    """Skip what needs PyTorch or the data sets where they are not; .ci/run fails if anything is skipped for that.

    ``--cases`` chooses among the tests that ``-k`` and ``-m`` have left.
    """
    missing = {}
    if importlib.util.find_spec("torch") is None:
        missing["parity"] = pytest.mark.skip(reason="torch is not installed")
    if not os.environ.get("MINIDET_DATA"):
        missing["data"] = pytest.mark.skip(reason="MINIDET_DATA is not set")
    for item in items:
        if any(f"/{folder}/" in item.path.as_posix() for folder in WHOLLY_SLOW):
            item.add_marker(pytest.mark.slow)
        for name, skip in missing.items():
            if item.get_closest_marker(name):
                item.add_marker(skip)
    result = yield
    if config.getoption("cases") is not None:
        items[:], left_out = spread(items, config.getoption("cases"))
        config.hook.pytest_deselected(items=left_out)
    return result


class GradcheckLines:
    """Show one line per operation instead of a dot: for ``pytest -m gradcheck``. Lines come with the tests' reports."""

    def __init__(self, config):
        self.plugins = config.pluginmanager

    @staticmethod
    def _lines(report):
        return [text for name, text in report.user_properties if name == "gradcheck"] if report.when == "call" else []

    def pytest_report_teststatus(self, report):
        """Leave the dot of such a test out."""
        return (report.outcome, "", report.outcome.upper()) if self._lines(report) else None

    def pytest_runtest_logreport(self, report):
        """Write the line."""
        terminal = self.plugins.get_plugin("terminalreporter")
        for text in self._lines(report):
            terminal.ensure_newline()
            terminal.write_line(text, red=report.failed)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it starts in the background ignore Ctrl-C, and so would all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    """Show the lines of ``gradcheck`` tests when they were asked for, and on the process that owns the terminal."""
    if "gradcheck" in config.getoption("markexpr") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(GradcheckLines(config))


if jit.ENABLED and "PYTEST_XDIST_WORKER" in os.environ:
    jit.numba.set_num_threads(1)  # the processes share the cores; a kernel that waits for a core waits 8 ms


@pytest.fixture(autouse=True)
def seeds():
    """Start every test from the same random numbers, whatever ran before it."""
    random.manual_seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture
def rng():
    """Return a generator with a fixed seed."""
    return np.random.default_rng(0)
