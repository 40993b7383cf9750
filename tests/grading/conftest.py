import functools
import shutil
import sys

import pytest

from minidet.grading.sandbox import choice as sandboxes
from minidet.grading.scoring import task
from minidet.grading.scoring.score import score

from .handed_in import HereSession
from .toy import load_toy


def find(kind):
    if not sys.platform.startswith("linux"):
        pytest.skip(f"there is no sandbox for {sys.platform}")
    if kind == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    return sandboxes.probe((kind,))


@pytest.fixture(scope="session")
def namespaces():
    """The sandbox that needs nothing to be installed: on Linux it has to work."""
    return find("namespaces")


@pytest.fixture(scope="session", params=sandboxes.KINDS)
def sandbox(request):
    """Every kind of sandbox."""
    return find(request.param)


@pytest.fixture
def toy(tmp_path):
    """The toy assignment, in a folder of its own."""
    return load_toy(tmp_path)


@pytest.fixture
def here(monkeypatch):
    """Submissions run in this process, without a sandbox; what was run stands in this list."""
    monkeypatch.setattr(task, "score", functools.partial(score, open_session=HereSession))
    monkeypatch.setattr(task, "_sandbox", lambda unsafe: None)
    monkeypatch.setattr(HereSession, "ran", [])
    return HereSession.ran
