"""A worker as the grader sees it: a process, frames that go in, frames that come out, each within a time."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from . import codec

#: What goes through a pipe at a time: as much as Linux lets it keep, for few changes between grader and worker.
CHUNK = 1 << 20
#: Seconds in which all processes of a worker have to be gone, once told.
GRACE = 10.0
#: Seconds after which the grader looks at the clock again; and how late it may be before it was stopped itself.
TICK, LATE = 0.25, 1.0


class Ended(Exception):
    """The worker gave no reply and is of no more use.

    Attributes
    ----------
    kind : str
        ``"timeout"``, ``"died"`` or ``"protocol"``.
    words : str
    """

    def __init__(self, kind: str, words: str):
        super().__init__(words)
        self.kind, self.words = kind, words


class Worker:
    """A started worker.

    Parameters
    ----------
    command : list of str
    environment : dict of str
    folder : str
        Where it starts.
    output, reply : int
        Bytes that are kept of what it prints, and that a reply may have.
    on_end : callable, optional
        Called when the worker has ended.

    Attributes
    ----------
    worked : float
        Seconds for which its replies were waited for, without those in which the grader itself was stopped.
    """

    def __init__(
        self, command: list[str], environment: dict[str, str], folder: str, output: int, reply: int,
        on_end: Callable[[], None] | None = None,
    ):  # fmt: skip
        self.output = bytearray()
        self.worked = 0.0
        self._kept, self._reply, self._on_end = output, reply, on_end
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, env=environment, cwd=folder,
            start_new_session=True)  # fmt: skip
        for file in (self.process.stdin, self.process.stdout, self.process.stderr):
            os.set_blocking(file.fileno(), False)
            if file is not self.process.stderr:
                _widen(file)

    def ask(self, message: dict | None, limit: int, seconds: float) -> dict:
        """Send a message (none if None) of at most ``limit`` bytes, and return the next that comes, or raise Ended."""
        frame = b"" if message is None else codec.pack(message, limit)
        if message is not None and self._read(self.process.stdout):
            raise Ended("protocol", "it wrote to the grader without being asked")
        try:
            text, payload = self._exchange(frame, seconds)
            return codec.unpack(text, payload)
        except codec.Malformed as error:
            raise Ended("protocol", f"its reply cannot be read: {error}") from None

    def alive(self) -> bool:
        """Whether the worker, or its monitor, still runs."""
        return self.process.poll() is None

    def end(self) -> int:
        """End all processes of the worker; return its exit status, 128 + the signal that ended it."""
        process = self.process
        if process.poll() is None:
            process.terminate()  # the monitor (launch.py) ends the others, waits for them, then ends
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:  # only a monitor that is stopped, or a worker without a sandbox
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
        self._keep_output()
        for file in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                file.close()
        if self._on_end is not None:
            self._on_end()
            self._on_end = None
        status = process.returncode
        return 128 - status if status < 0 else status

    def take_output(self) -> str:
        """Return what was printed since this was last asked, as it was printed."""
        self._keep_output()
        text = self.output.decode("utf-8", "replace")
        self.output.clear()
        return text

    def _exchange(self, frame: bytes, seconds: float) -> tuple[bytes, bytes]:
        """Write a frame, read a frame, and keep reading what is printed: none of the three may wait for another."""
        left, got = memoryview(frame), bytearray()
        process, before = self.process, self.worked
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            selector.register(process.stderr, selectors.EVENT_READ)
            if left:
                selector.register(process.stdin, selectors.EVENT_WRITE)
            now = time.monotonic()
            while True:
                remaining = before + seconds - self.worked
                ready = [key.fileobj for key, _ in selector.select(min(max(remaining, 0), TICK))]
                last, now = now, time.monotonic()
                # after a longer step the grader was stopped (Ctrl-Z): that was not the worker's time
                self.worked += now - last if now - last < TICK + LATE else TICK
                # when the time is over, what lies in the pipe already is taken: the grader may have been late itself
                if remaining <= 0 and (process.stdout not in ready or remaining < -LATE):
                    raise Ended("timeout", f"no result after {seconds:g} seconds")
                if process.stdin in ready:
                    left = self._write(left)
                    if not left:
                        selector.unregister(process.stdin)
                if process.stderr in ready and not self._keep(self._read(process.stderr)):
                    selector.unregister(process.stderr)
                if process.stdout in ready:
                    chunk = self._read(process.stdout)
                    if chunk is not None and not chunk:
                        raise Ended("died", "")
                    got += chunk or b""
                    halves = self._halves(got)
                    if halves is not None:
                        return halves

    def _halves(self, got: bytearray) -> tuple[bytes, bytes] | None:
        """Return the halves of a frame once all of it is there."""
        if len(got) < codec.HEAD.size:
            return None
        text, size = codec.lengths(bytes(got[: codec.HEAD.size]), self._reply)
        end = codec.HEAD.size + text + size
        if len(got) > end:
            raise codec.Malformed("more than one frame")
        if len(got) < end:
            return None
        return bytes(got[codec.HEAD.size : codec.HEAD.size + text]), bytes(got[codec.HEAD.size + text :])

    def _write(self, left: memoryview) -> memoryview:
        try:
            return left[os.write(self.process.stdin.fileno(), left[:CHUNK]) :]
        except BlockingIOError:
            return left
        except OSError:  # it closed its input; what comes next is its end
            return left[:0]

    @staticmethod
    def _read(file) -> bytes | None:
        """Return what is there, empty at the end, None if nothing is there yet."""
        try:
            return os.read(file.fileno(), CHUNK)
        except BlockingIOError:
            return None

    def _keep(self, chunk: bytes | None) -> bool:
        """Keep the beginning of what is printed; return False at its end."""
        self.output += (chunk or b"")[: max(0, self._kept - len(self.output))]
        return chunk is None or bool(chunk)

    def _keep_output(self) -> None:
        if self.process.stderr.closed:
            return
        for _ in range(64):
            chunk = self._read(self.process.stderr)
            if not chunk:
                return
            self._keep(chunk)


def _widen(pipe) -> None:
    """Let a pipe keep more, where that is possible."""
    if sys.platform == "linux":
        import fcntl  # Windows has no such module

        with contextlib.suppress(OSError):  # too many pipes of one user: they stay smaller
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, CHUNK)


def worker_config(limits, packages: str, temporary: str, walls: bool, ready: str) -> str:
    """Return what worker.py is told on its command line."""
    own = {"cpu": limits.cpu, "memory": limits.memory, "file": limits.file,
           "processes": limits.processes if walls else None}  # fmt: skip
    return json.dumps({"limits": own, "packages": packages, "temporary": temporary, "walls": walls, "ready": ready,
                       "reply": limits.reply, "request": limits.request})  # fmt: skip
