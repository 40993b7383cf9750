"""Answers run on a student's own machine, as the grader runs them: each question's cells alone, in a process apart.

What passes here has to load in the grader, so the loader is the grader's (worker.py). Where no process can be started
(on Windows, in a browser), it runs in this one.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from . import codec, worker
from .choice import Sandbox, SandboxError
from .guarded_worker import allowed
from .limits import Limits
from .patience import TookTooLong, time_limit
from .process import Worker, worker_config
from .session import Reply, Session
from .view import View, environment

#: What interactive Python and IPython put into every program, and a program of its own does not know.
INTERACTIVE = {"exit", "quit", "help", "copyright", "credits", "license", "get_ipython", "display", "_"}


@contextlib.contextmanager
def running(answers: dict[str, list[str]], limits: Limits) -> Iterator[Session | InThisProcess]:
    """Provide what performs calls of answers: ``call(question, function, args, kwargs)`` returns a Reply.

    Parameters
    ----------
    answers : dict of str to list of str
        The sources of each question's cells.
    limits : Limits
    """
    with contextlib.ExitStack() as stack:
        try:
            runs = stack.enter_context(Session(answers, limits=limits, sandbox=Child.find()))
        except (SandboxError, OSError):
            runs = InThisProcess(answers, limits)
        yield runs


class Child(Sandbox):
    """Starts workers that are guarded, not walled in: an answer meets there what it meets in the sandbox."""

    @classmethod
    def find(cls) -> Child:
        """Return one for this machine; ``SandboxError`` if processes cannot be talked to here."""
        if os.name != "posix" or not sys.executable:
            raise SandboxError(f"workers cannot be started on {sys.platform}")
        return cls("guarded", View((), os.path.realpath(sys.executable), str(Path(np.__file__).parent.parent)))

    def _start_in_sandbox(self, limits: Limits, ready: str) -> Worker:
        folder = tempfile.mkdtemp(prefix="minidet-")
        if sys.platform != "linux":  # elsewhere the system refuses to limit it
            limits = replace(limits, memory=None)
        told = worker_config(limits, self.view.packages, folder, False, ready)
        script = str(Path(__file__).with_name("guarded_worker.py"))
        command = [self.view.interpreter, "-I", "-S", "-E", "-B", "-X", "utf8", script, told]
        variables = {**environment(), "HOME": folder, "TMPDIR": folder}

        def remove():
            shutil.rmtree(folder, ignore_errors=True)

        try:
            return Worker(command, variables, folder, limits.output, limits.reply, on_end=remove)
        except OSError:
            remove()
            raise


class InThisProcess:
    """Performs calls here, by the same loader and the same codec. What is printed appears at once."""

    def __init__(self, answers: dict[str, list[str]], limits: Limits):
        self.answers, self.limits = answers, limits
        self._loaded: dict = {}
        known = {name: value for name, value in vars(builtins).items() if name not in INTERACTIVE}
        self._modules = {"np": np, "numpy": np, "__builtins__": {**known, "__import__": self._import}}

    def call(self, question: str, function: str, args=(), kwargs: dict | None = None) -> Reply:
        """Call a function of a question; its cells are run before the first call."""
        if question not in self.answers:
            return Reply("unloaded", words=f"NameError: {function} is not defined in an answer cell of {question}")
        if question not in self._loaded:
            loading = self._perform({"question": question, "source": self.answers[question]}, self.limits.load)
            if loading.kind != "value":
                return replace(loading, words=f"running its cells: {loading.words}")
        message = {"question": question, "function": function, "args": list(args), "kwargs": kwargs or {}}
        return self._perform(message, self.limits.call)

    def _import(self, name, globals=None, locals=None, fromlist=(), level=0):
        """Import what the grader has, and nothing else."""
        if level == 0 and not allowed(name) and name not in self.answers:  # pickle looks for an answer's classes
            raise ModuleNotFoundError(f"No module named {name.partition('.')[0]!r}", name=name)
        return builtins.__import__(name, globals, locals, fromlist, level)

    def _perform(self, message: dict, seconds: float) -> Reply:
        number, sent = secrets.token_hex(8), io.BytesIO()
        timeout = Reply("timeout", words=f"no result after {seconds:g} seconds")
        try:
            with time_limit(seconds):
                reply = worker.perform(codec, {"call": number, **message}, self._loaded, self._modules)
        except TookTooLong:
            return timeout
        raised = [str(reply.get("words", "")), *(reply.get("value", []) if "source" in message else [])]
        if any(words.startswith(TookTooLong.__name__) for words in raised):
            return timeout
        if any(words.startswith("KeyboardInterrupt") for words in raised):  # whoever pressed Ctrl-C wants to be heard
            raise KeyboardInterrupt
        worker.send(codec, sent, reply, self.limits.reply, number)
        data = sent.getvalue()
        text, _ = codec.lengths(data[: codec.HEAD.size], self.limits.reply)
        start = codec.HEAD.size
        reply = codec.unpack(data[start : start + text], data[start + text :])
        return Reply(reply["kind"], reply.get("value"), reply.get("inputs"), reply.get("words", ""))
