"""That a sandbox is one is tried, not believed."""

import dataclasses
import json
import os
import pickle
import signal
import subprocess
import sys

import pytest

from minidet.grading.sandbox import choice as sandboxes
from minidet.grading.sandbox.choice import HERE, Sandbox, SandboxError, probe, try_out
from minidet.grading.sandbox.limits import Limits

from ..machine import Space, alive_in, first_process, wait_until

GRADER = """
import json, os, sys, time
sys.path.insert(0, {root!r})
from minidet.grading.sandbox.choice import probe
from minidet.grading.sandbox.session import Session
from tests.grading.machine import first_process
with Session({{"q1": "def f():\\n    while True: pass"}}, sandbox=probe(("{kind}",))) as session:
    print(json.dumps([first_process(session), session._worker.process.pid]), flush=True)
    session.call("q1", "f")
"""


def test_it_forbids_all_that_is_tried(sandbox):
    assert try_out(sandbox) == []
    assert sandbox.safe


def test_it_can_be_sent_to_another_process(sandbox):
    assert pickle.loads(pickle.dumps(sandbox)) == sandbox


def test_holes_are_found(sandbox):
    """A sandbox that shows the grader's files, and one whose system can be written to."""
    view = dataclasses.replace(sandbox.view, entries=(*sandbox.view.entries, ("bind", str(HERE), str(HERE))))
    assert try_out(dataclasses.replace(sandbox, view=view)) == ["see files of the grader"]


def test_missing_walls_are_found(sandbox, monkeypatch):
    """Limits alone are no walls: each that is left out is named."""
    start = Sandbox._start_in_sandbox

    def without_walls(self, limits, ready):
        return start(self, dataclasses.replace(limits, processes=50, memory=8 * 10**9, temporary=10**9), ready)

    monkeypatch.setattr(Sandbox, "_start_in_sandbox", without_walls)
    wrong = try_out(sandbox)
    assert "start a process" in wrong
    assert "take more memory than allowed" in wrong


def test_it_fails_closed(monkeypatch, tmp_path):
    if not sys.platform.startswith("linux"):
        with pytest.raises(SandboxError, match="there is no sandbox for"):
            probe()
        return
    monkeypatch.setenv("PATH", str(tmp_path))  # no bubblewrap
    monkeypatch.setattr(sandboxes, "try_out", lambda sandbox: ["be root"])
    with pytest.raises(SandboxError, match="bubblewrap: not installed; namespaces: code can be root") as caught:
        probe()
    assert "--unsafe-no-sandbox" in str(caught.value)


def test_a_worker_that_does_not_start_is_an_error(sandbox):
    view = dataclasses.replace(sandbox.view, packages="/nowhere")
    with pytest.raises(SandboxError, match="did not start: (?s:.*)numpy"):
        dataclasses.replace(sandbox, view=view).start(Limits())


def test_bubblewrap_that_does_not_work_is_passed_over(namespaces, monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probe().kind == "namespaces"


@pytest.mark.parametrize("victim", ["grader", "monitor"])
def test_the_worker_ends_with_who_watches_it(sandbox, victim):
    """Killed without a chance to clean up, in the middle of an endless call."""
    source = GRADER.format(root=str(HERE.parents[2]), kind=sandbox.kind)
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as grader:
        first, monitor = json.loads(grader.stdout.readline())
        space = Space(first)
        assert alive_in(space)
        os.kill(grader.pid if victim == "grader" else monitor, signal.SIGKILL)
        assert wait_until(lambda: alive_in(space) == [])
        grader.kill()


def test_the_worker_is_nobody_outside(sandbox):
    """Root's workers are not root: root is exempt from the limit on processes."""
    from minidet.grading.sandbox.session import Session

    with Session({"q1": "import os\ndef f(): return os.getuid()"}, sandbox=sandbox) as session:
        pid = first_process(session)
        outside = os.stat(f"/proc/{pid}").st_uid
        with open(f"/proc/{pid}/status") as file:
            status = dict(line.split(":", 1) for line in file)
        assert outside != 0
        assert session.call("q1", "f").value != 0
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        assert status["NoNewPrivs"].strip() == "1"
        assert status["Seccomp"].strip() == "2"
        for space in ("net", "mnt", "user", "ipc", "pid", "uts"):
            assert os.readlink(f"/proc/{pid}/ns/{space}") != os.readlink(f"/proc/self/ns/{space}")
