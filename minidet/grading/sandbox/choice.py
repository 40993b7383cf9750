"""Where students' code runs: chosen by trying, and refused if anything is possible there that must not be.

docs/grading.md says what a sandbox guarantees. :func:`probe` returns one, or raises; there is no weaker kind that it
returns without being asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .limits import Limits
from .process import Ended, Worker, worker_config
from .view import FOLDER, GRADER, View, environment, find_view

HERE = Path(__file__).parent
#: The kinds of sandboxes, the best known first.
KINDS = ("bubblewrap", "namespaces")
ADVICE = (
    "students' code needs a Linux whose kernel is 5.13 or newer, on x86-64 or 64-bit ARM, where user namespaces are "
    "allowed: install bubblewrap, or in a container allow them (docker run --security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined); on macOS and Windows use a virtual machine or WSL 2. --unsafe-no-sandbox "
    "runs it with all your rights"
)


class SandboxError(RuntimeError):
    """There is no sandbox here, or one did not start: nothing may be graded."""


@dataclass(frozen=True)
class Sandbox:
    """A way of starting workers; plain data, so it can be sent to another process of the same machine.

    Attributes
    ----------
    kind : str
        ``"bubblewrap"``, ``"namespaces"``, or ``"none"``: no sandbox at all.
    view : View
    bubblewrap : str, optional
        The program.
    """

    kind: str
    view: View
    bubblewrap: str | None = None

    @property
    def safe(self) -> bool:
        """Whether this is a sandbox."""
        return self.kind != "none"

    def start(self, limits: Limits) -> Worker:
        """Start a worker and wait until its walls are up; raise :class:`SandboxError` if that fails."""
        ready = secrets.token_hex(16)
        worker = self._start_in_sandbox(limits, ready) if self.safe else self._start_unsafe(limits, ready)
        try:
            message = worker.ask(None, 0, limits.start)
        except Ended as ended:
            status = worker.end()
            said = worker.take_output()[-500:].strip()
            words = f"the worker did not start: {said or ended.words or ended.kind} (status {status})"
            raise SandboxError(f"{self.kind}: {words}") from None
        if message.get("ready") != ready:
            worker.end()
            raise SandboxError(f"{self.kind}: the worker did not start as it was told")
        return worker

    def _start_in_sandbox(self, limits: Limits, ready: str) -> Worker:
        python = [self.view.interpreter, "-I", "-S", "-E", "-X", "utf8"]
        told = worker_config(limits, self.view.packages, FOLDER, True, ready)
        config = {
            "command": [*python, f"{GRADER}/worker.py", told],
            "environment": environment(),
            "view": self.view.entries,
            "folder": FOLDER,
            "temporary": limits.temporary,
            "bubblewrap": self.bubblewrap,
            "parent": os.getpid(),
        }
        command = [*python, str(HERE / "launch.py"), json.dumps(config)]
        return Worker(command, environment(), "/", limits.output, limits.reply)

    def _start_unsafe(self, limits: Limits, ready: str) -> Worker:
        folder = tempfile.mkdtemp(prefix="minidet-")
        told = worker_config(limits, self.view.packages, folder, False, ready)
        command = [self.view.interpreter, "-I", "-S", "-E", "-X", "utf8", str(HERE / "worker.py"), told]
        variables = {**environment(), "HOME": folder, "TMPDIR": folder}

        def remove():
            shutil.rmtree(folder, ignore_errors=True)

        return Worker(command, variables, folder, limits.output, limits.reply, on_end=remove)


def probe(kinds: tuple[str, ...] = KINDS) -> Sandbox:
    """Return the first kind of sandbox that forbids here what it must, by trying all of it in there.

    Raises
    ------
    SandboxError
        If none does; the message says why, of each.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxError(f"there is no sandbox for {sys.platform}: {ADVICE}.")
    reasons = []
    for kind in kinds:
        try:
            sandbox = _find(kind)
            wrong = try_out(sandbox)
        except (SandboxError, OSError, subprocess.SubprocessError) as error:
            reasons.append(str(error))
            continue
        if not wrong:
            return sandbox
        reasons.append(f"{kind}: code can {', '.join(wrong)}")
    raise SandboxError(f"no sandbox works here ({'; '.join(reasons)}): {ADVICE}.")


def unsafe() -> Sandbox:
    """Return what is no sandbox: code runs with the grader's rights, within limits on time and memory only."""
    if os.name != "posix":
        raise SandboxError(f"workers cannot be started on {sys.platform}: {ADVICE}.")
    packages = str(Path(sys.modules["numpy"].__file__).parent.parent)
    return Sandbox("none", View((), os.path.realpath(sys.executable), packages))


def try_out(sandbox: Sandbox) -> list[str]:
    """Return what code in the sandbox can do that it must not; see trial.py."""
    limits = Limits(call=20.0)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="minidet-")))
        secret = folder / "secret"
        secret.write_text("hidden")
        folder.chmod(0o777)  # nothing but the sandbox stands before it
        worker = sandbox.start(limits)
        stack.callback(worker.end)
        protected = ["/", "/etc", GRADER, sandbox.view.packages, os.path.dirname(os.__file__), str(folder)]
        kwargs = {
            "port": listener.getsockname()[1],
            "hidden": [str(secret), str(HERE.parent), "/proc/1", "/etc/passwd"],
            "protected": protected,
            "grader": os.getpid(),
            "memory": limits.memory,
            "folder": FOLDER,
            "temporary": limits.temporary,
        }
        source = (HERE / "trial.py").read_text(encoding="utf-8")
        message = {"call": "trial", "question": "trial", "function": "attempt", "source": [source], "args": (),
                   "kwargs": kwargs}  # fmt: skip
        try:
            reply = worker.ask(message, limits.request, limits.call)
        except Ended as ended:
            raise SandboxError(f"{sandbox.kind}: the trial failed: {ended.words or ended.kind}") from None
        if reply.get("kind") != "value" or type(reply.get("value")) is not list:
            raise SandboxError(f"{sandbox.kind}: the trial failed: {reply.get('words')}")
        changed = sorted(path.name for path in folder.iterdir()) != ["secret"]
        return [str(name) for name in reply["value"]] + (["write to a folder of the grader"] if changed else [])


def _find(kind: str) -> Sandbox:
    if kind == "namespaces":
        return Sandbox(kind, find_view())
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap: not installed")
    return Sandbox(kind, find_view(), os.path.realpath(program))
