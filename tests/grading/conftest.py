import shutil
import sys

import pytest

from minidet.grading import sandbox as sandboxes


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
