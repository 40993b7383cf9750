"""The process in which a student's functions run, in a sandbox: it knows inputs, and nothing of what is expected.

Started as ``python -I -S -E worker.py CONFIG``; beside it lie codec.py and walls.py, and nothing else of minidet. Calls
come in on the standard input and replies leave on the standard output, as frames; what the student prints leaves on the
standard error. A student can take all of this over. That gains nothing: the grader compares what comes back.
"""

from __future__ import annotations

import contextlib
import json
import linecache
import os
import sys
import traceback
import types
import warnings
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = 2000  # characters of an error that are sent


class Answer(NamedTuple):
    """A question's cells, the names that they defined, and what was wrong with each, "" if nothing was."""

    names: dict
    cells: list[str]
    errors: list[str]


def main(config: dict) -> None:
    """Put up the walls, say so, then answer calls until the grader hangs up."""
    sys.path += [config["packages"], HERE]  # where NumPy is, and this file's neighbours
    import codec
    import numpy  # before the walls are up: it opens what they close
    import walls

    sys.path.remove(HERE)

    # the frames' pipes move away from where a student's print() goes
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDONLY)
    os.dup2(silence, 0)
    os.close(silence)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    warnings.simplefilter("default")

    os.chdir(config["temporary"])
    if config["walls"]:
        walls.raise_walls(config["temporary"], config["limits"]["processes"])
    walls.set_limits(config["limits"])
    send(codec, replies, {"ready": config["ready"]}, config["reply"])

    answers: dict[str, Answer] = {}
    while (message := receive(codec, requests, config["request"])) is not None:
        reply = perform(codec, message, answers, {"np": numpy, "numpy": numpy})
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # the student may have closed it
                stream.flush()
        send(codec, replies, reply, config["reply"], message["call"])


def receive(codec, requests, limit: int) -> dict | None:
    """Return the next message, None at the end of the input."""
    head = requests.read(codec.HEAD.size)
    if len(head) < codec.HEAD.size:
        return None
    text, size = codec.lengths(head, limit)
    return codec.unpack(requests.read(text), requests.read(size))


def send(codec, replies, message: dict, limit: int, call=None) -> None:
    """Write a frame; if the message cannot be sent, one that says why."""
    try:
        frame = codec.pack(message, limit)
    except Exception as error:  # noqa: BLE001 -- a student's own str, float or list has methods that raise anything
        why = error if isinstance(error, codec.Malformed) else type(error).__name__
        words = f"it returned what cannot be sent, or left it in its inputs: {why}"
        frame = codec.pack({"call": call, "kind": "protocol", "words": words[:WORDS]}, limit)
    replies.write(frame)
    replies.flush()


def perform(codec, message: dict, answers: dict[str, Answer], modules: dict) -> dict:
    """Do what a message asks for and return the reply.

    With a ``source``, the cells of a question, they are executed; with a ``function``, it is called. The reply to a
    message without a function is what was wrong with each cell, "" if nothing was.
    """
    question, function = message["question"], message.get("function")
    reply = {"call": message["call"]}
    try:
        if "source" in message:
            answers[question] = execute(message["source"], question, modules)
        answer = answers[question]
        if function is None:
            return {**reply, "kind": "value", "value": answer.errors, "inputs": ([], {})}
        if function not in answer.names:
            return {**reply, "kind": "unloaded", "words": why_missing(answer, question, function)}
        args, kwargs = list(message["args"]), message["kwargs"]
        value = answer.names[function](*args, **kwargs)
        return {**reply, "kind": "value", "value": value, "inputs": (args, kwargs)}
    except BaseException as error:  # noqa: BLE001 -- sys.exit() and whatever a student raises are the reply
        kind = "forbidden" if isinstance(error, PermissionError) else "error"
        return {**reply, "kind": kind, "words": describe(error, question)}


def execute(cells: list[str], question: str, modules: dict) -> Answer:
    """Run the cells of a question one after another, as a notebook does: an error ends its own cell, and no other.

    They share one module of the question's name, which ``sys.modules`` knows: dataclasses and pickle look there. It
    knows ``modules`` from the start.
    """
    module = types.ModuleType(question)
    module.__dict__.update(modules)
    sys.modules[question] = module
    errors = []
    for number, source in enumerate(cells, 1):
        name = question if len(cells) == 1 else f"{question}, cell {number}"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
            errors.append("")
        except BaseException as error:  # noqa: BLE001 -- sys.exit() too
            errors.append(describe(error, question))
    return Answer(module.__dict__, list(cells), errors)


def why_missing(answer: Answer, question: str, function: str) -> str:
    """Say why a function is not there: what is wrong with the cell that names it, else with the first broken one."""
    broken = [(source, words) for source, words in zip(answer.cells, answer.errors, strict=True) if words]
    named = [words for source, words in broken if function in source]
    if broken:
        return (named or [broken[0][1]])[0]
    return f"NameError: {function} is not defined in an answer cell of {question}"


def describe(error: BaseException, question: str) -> str:
    """Return ``"ValueError: message (line 3 of q3)"``; of several cells, ``"(line 3 of q3, cell 2)"``."""
    try:
        message = str(error).strip()
        steps = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__))
        own = (question, f"{question}, cell ")
        places = [f" (line {line} of {name})" for name, line in steps if name == own[0] or name.startswith(own[1])]
    except BaseException:  # noqa: BLE001 -- the message is the student's code too
        message, places = "an error whose message cannot be read", []
    words = f"{type(error).__name__}: {message[: WORDS // 2]}" if message else type(error).__name__
    return words + (places[-1] if places else "")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
