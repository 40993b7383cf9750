"""A session: calls of one submission's functions, in a sandbox, whatever they do."""

from __future__ import annotations

import secrets
import signal
from dataclasses import dataclass, replace

from .choice import Sandbox, SandboxError, probe
from .limits import Limits
from .process import Ended, Worker

__all__ = ["Limits", "Reply", "Session"]

#: Characters of an error, and of what a call printed, that are kept.
WORDS, OUTPUT = 2000, 20_000
KINDS = ("value", "error", "forbidden", "protocol", "unloaded")
#: Seconds that a worker may have worked when it begins with another question: else a new one does.
FRESH = 10.0


@dataclass(frozen=True)
class Reply:
    """What a call came to. All of it comes from a student's process: data, to be compared and escaped, never trusted.

    Attributes
    ----------
    kind : str
        ``"value"``, ``"error"`` (an exception), ``"timeout"``, ``"died"``, ``"forbidden"`` (it was refused by the
        sandbox), ``"protocol"`` (what came back is no data), ``"unloaded"`` (the question's cells define no such
        function), or ``"untried"`` (the cells cannot be run, or the question's time is over).
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
    answers : dict of str to list of str
        The sources of every question's answer cells: ``{"q3": ["def conv_forward(...): ..."]}``. Each question's run in
        a module of their own, one by one, and not before they are needed. One string stands for one cell.
    limits : Limits
    sandbox : Sandbox, optional
        Default: what :func:`~minidet.grading.sandbox.choice.probe` finds.

    Raises
    ------
    SandboxError
        If no worker can be started; never for what a student's code does.
    """

    def __init__(
        self, answers: dict[str, list[str] | str], *, limits: Limits | None = None, sandbox: Sandbox | None = None
    ):
        self.answers = {name: [cells] if isinstance(cells, str) else list(cells) for name, cells in answers.items()}
        self.limits = limits or Limits()
        self.sandbox = sandbox or probe()
        self._worker: Worker | None = None
        self._loaded: set[str] = set()  # by this worker
        self._loaded_once: set[str] = set()  # by any
        self._spent: dict[str, float] = {}
        self._given_up: dict[str, str] = {}

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
        """Call a function of a question with these arguments. Its cells are run before the first call."""
        if question not in self.answers:
            return Reply("unloaded", words=f"NameError: {function} is not defined in an answer cell of {question}")
        if question in self._given_up:
            return Reply("untried", words=self._given_up[question])
        if self._spent.get(question, 0.0) >= self.limits.question:
            return Reply("untried", words=f"the calls of {question} took {self.limits.question:g} seconds together")
        loading = self._load(question)
        if loading.kind != "value":
            self._given_up[question] = words = f"running its cells: {loading.words}"
            return replace(loading, words=words)
        message = {"question": question, "function": function, "args": list(args), "kwargs": kwargs or {}}
        reply, seconds = self._ask(message, self.limits.call)
        self._spent[question] = self._spent.get(question, 0.0) + seconds
        return replace(reply, output=(loading.output + reply.output)[:OUTPUT])

    def _load(self, question: str) -> Reply:
        """Run the cells of a question, if this worker has not. That costs a question's calls nothing the first time."""
        if self._worker is not None:
            old = self._worker.worked > FRESH and question not in self._loaded
            if old or not self._worker.alive():  # it ended after its last reply
                self.close()
        if self._worker is None:
            self._start()
        if question in self._loaded:
            return Reply("value")
        self._loaded.add(question)
        reply, seconds = self._ask({"question": question, "source": self.answers[question]}, self.limits.load)
        if question in self._loaded_once:
            self._spent[question] = self._spent.get(question, 0.0) + seconds
        self._loaded_once.add(question)
        return reply

    def _ask(self, message: dict, limit: float) -> tuple[Reply, float]:
        """Send a message to the worker, which is there; return the reply and the seconds that it took."""
        worker, call = self._worker, secrets.token_hex(8)
        before = worker.worked
        try:
            answer = worker.ask({"call": call, **message}, self.limits.request, limit)
            reply = Reply(**_check(answer, call))
        except Ended as ended:
            self._worker = None
            status = worker.end()
            reply = Reply(ended.kind, words=ended.words or _cause(status))
        except BaseException:  # the caller was interrupted: the reply would be taken for that of the next call
            self.close()
            raise
        return replace(reply, output=worker.take_output()[:OUTPUT]), worker.worked - before

    def _start(self) -> None:
        self._loaded.clear()
        try:
            self._worker = self.sandbox.start(self.limits)
        except SandboxError:  # once more: the machine may have been out of memory for a moment
            self._worker = self.sandbox.start(self.limits)


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
