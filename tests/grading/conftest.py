"""What several tests of the grader start from."""

import functools

import pytest

from minidet.grading import task
from minidet.grading.score import score

from .handed_in import HereSession
from .toy import load_toy


@pytest.fixture
def toy(tmp_path):
    """Return the toy assignment, from a folder of its own."""
    return load_toy(tmp_path)


@pytest.fixture
def here(monkeypatch):
    """Run submissions in this process, without a sandbox; return the list of what was run."""
    monkeypatch.setattr(task, "score", functools.partial(score, open_session=HereSession))
    monkeypatch.setattr(task, "_sandbox", lambda unsafe: None)
    monkeypatch.setattr(HereSession, "ran", [])
    return HereSession.ran
