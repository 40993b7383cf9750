"""A session: calls of one submission's functions, in a sandbox, whatever they do."""

from __future__ import annotations

import secrets
import signal
import time
from dataclasses import dataclass

from .limits import Limits
from .process import Ended, Worker
from .sandbox import Sandbox, SandboxError, probe

__all__ = ["Limits", "Reply", "Session"]

#: Characters of an error, and of what a call printed, that are kept.
WORDS, OUTPUT = 2000, 20_000
KINDS = ("value", "error", "forbidden", "protocol")


@dataclass(frozen=True)
class Reply:
    """What a call came to. All of it comes from a student's process: data, to be compared and escaped, never trusted.

    Attributes
    ----------
    kind : str
        ``"value"``, ``"error"`` (an exception), ``"timeout"``, ``"died"``, ``"forbidden"`` (it was refused by the
        sandbox), or ``"protocol"`` (what came back is no data).
    value
        What was returned: None, booleans, numbers, strings, arrays, and tuples, lists and dicts of them.
    inputs_after : (args, kwargs) or None
        The arguments after the call.
    words : str
        Of an error ``"ValueError: message (line 3 of q3)"``; of the other kinds, what happened.
    output : str
        What the call printed, warnings too; its beginning if it is long.
    """

    kind: str
    value: object = None
    inputs_after: tuple[list, dict] | None = None
    words: str = ""
    output: str = ""


class Session:
    """Calls of one submission. A worker that hangs or dies is replaced before the next call.

    To be used in the thread that made it, in a ``with`` statement.

    Parameters
    ----------
    answers : dict
        The source of every question's answer cells: ``{"q3": "def conv_forward(...): ..."}``. Each runs in a namespace
        of its own, and not before it is needed.
    limits : Limits
    sandbox : Sandbox, optional
        Default: what :func:`minidet.grading.sandbox.probe` finds.

    Raises
    ------
    SandboxError
        If no worker can be started; never for what a student's code does.
    """

    def __init__(self, answers: dict[str, str], *, limits: Limits | None = None, sandbox: Sandbox | None = None):
        self.answers, self.limits = dict(answers), limits or Limits()
        self.sandbox = sandbox or probe()
        self._worker: Worker | None = None
        self._loaded: set[str] = set()
        self._spent = 0.0

    def __enter__(self) -> Session:
        self._start()
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """End the worker, and everything that it started."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.end()

    def call(self, question: str, function: str, args=(), kwargs: dict | None = None) -> Reply:
        """Call a function of a question with these arguments."""
        if question not in self.answers:
            return Reply("error", words=f"NameError: {function} is not defined in an answer cell of {question}")
        if self._spent >= self.limits.total:
            return Reply("timeout", words=f"the calls of this submission took {self.limits.total:g} seconds together")
        if self._worker is not None and not self._worker.alive():
            self.close()  # it ended after its last reply
        worker = self._worker or self._start()
        message = {"call": secrets.token_hex(8), "question": question, "function": function, "args": list(args),
                   "kwargs": kwargs or {}}  # fmt: skip
        if question not in self._loaded:
            message["source"] = self.answers[question]
            self._loaded.add(question)
        started = time.monotonic()
        try:
            answer = worker.ask(message, self.limits.request, self.limits.call)
            reply = _check(answer, message["call"])
            return Reply(**reply, output=worker.take_output()[:OUTPUT])
        except Ended as ended:
            self._worker = None
            status = worker.end()
            words = ended.words or _cause(status)
            return Reply(ended.kind, words=words, output=worker.take_output()[:OUTPUT])
        except BaseException:  # the caller was interrupted: the reply would be taken for that of the next call
            self.close()
            raise
        finally:
            self._spent += time.monotonic() - started

    def _start(self) -> Worker:
        self._loaded.clear()
        try:
            self._worker = self.sandbox.start(self.limits)
        except SandboxError:  # once more: the machine may have been out of memory for a moment
            self._worker = self.sandbox.start(self.limits)
        return self._worker


def _check(answer: dict, call: str) -> dict:
    """Return the fields of a reply that are what they must be, or raise Ended."""
    kind, words = answer.get("kind"), answer.get("words", "")
    if answer.get("call") != call or kind not in KINDS or type(words) is not str:
        raise Ended("protocol", "its reply is none to this call")
    if kind != "value":
        return {"kind": kind, "words": words[:WORDS]}
    inputs = answer.get("inputs")
    pair = type(inputs) is tuple and list(map(type, inputs)) == [list, dict]
    if "value" not in answer or not pair:
        raise Ended("protocol", "its reply is none to this call")
    return {"kind": kind, "value": answer["value"], "inputs_after": inputs}


def _cause(status: int) -> str:
    """Say how a worker ended."""
    if status <= 128:
        return f"the process ended itself with status {status}"
    number = status - 128
    if number == signal.SIGKILL:
        return "the process was killed: its limit of computing time, or of the machine's memory"
    name = signal.strsignal(number) if number in set(signal.Signals) else None
    return f"the process ended by signal {number}" + (f" ({name})" if name else "")
