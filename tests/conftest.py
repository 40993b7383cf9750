"""What every test starts from: the same seeds, and hypothesis without a clock."""

import importlib.util
import os
import sys

import hypothesis
import numpy as np
import pytest

from minidet import random

# No deadline: the first example compiles. Derandomised in CI: a push fails for what it changed, not for its luck.
hypothesis.settings.register_profile("default", deadline=None, max_examples=25)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("default"), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_collection_modifyitems(items):
    """Skip what needs PyTorch or the data sets where they are not; .ci/run fails if anything is skipped for that."""
    missing = {}
    if importlib.util.find_spec("torch") is None:
        missing["parity"] = pytest.mark.skip(reason="torch is not installed")
    if not os.environ.get("MINIDET_DATA"):
        missing["data"] = pytest.mark.skip(reason="MINIDET_DATA is not set")
    for item in items:
        for name, skip in missing.items():
            if item.get_closest_marker(name):
                item.add_marker(skip)


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
