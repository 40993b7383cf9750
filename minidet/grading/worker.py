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
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = 2000  # characters of an error that are sent


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

    namespaces: dict[str, dict] = {}
    while (message := receive(codec, requests, config["request"])) is not None:
        reply = perform(codec, message, namespaces, {"np": numpy, "numpy": numpy})
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
    except (codec.Malformed, ValueError, TypeError, RecursionError, MemoryError) as error:
        words = f"it returned what cannot be sent, or left it in its inputs: {error or type(error).__name__}"
        frame = codec.pack({"call": call, "kind": "protocol", "words": words[:WORDS]}, limit)
    replies.write(frame)
    replies.flush()


def perform(codec, message: dict, namespaces: dict[str, dict], modules: dict) -> dict:
    """Run one call and return the reply. An answer is executed when it is first called."""
    question, function = message["question"], message["function"]
    reply = {"call": message["call"]}
    try:
        if "source" in message:
            namespaces[question] = {"__name__": question, "__builtins__": __builtins__, **modules}
            execute(message["source"], question, function, namespaces[question])
        names = namespaces[question]
        if function not in names:
            raise NameError(f"{function} is not defined in an answer cell of {question}")
        args, kwargs = list(message["args"]), message["kwargs"]
        value = names[function](*args, **kwargs)
        return {**reply, "kind": "value", "value": value, "inputs": (args, kwargs)}
    except BaseException as error:  # noqa: BLE001 -- sys.exit() and whatever a student raises are the reply
        kind = "forbidden" if isinstance(error, PermissionError) else "error"
        return {**reply, "kind": kind, "words": describe(error, question)}


def execute(source: str, question: str, function: str, namespace: dict) -> None:
    """Run an answer's cells. An error in them counts only if the function is not there yet, as in a notebook."""
    linecache.cache[question] = (len(source), None, source.splitlines(keepends=True), question)
    try:
        exec(compile(source, question, "exec", dont_inherit=True), namespace)
    except BaseException:
        if function not in namespace:
            raise


def describe(error: BaseException, question: str) -> str:
    """Return ``"ValueError: message (line 3 of q3)"``."""
    try:
        message = str(error).strip()
        steps = traceback.walk_tb(error.__traceback__)
        lines = [line for frame, line in steps if frame.f_code.co_filename == question]
    except BaseException:  # noqa: BLE001 -- the message is the student's code too
        message, lines = "an error whose message cannot be read", []
    where = f" (line {lines[-1]} of {question})" if lines else ""
    words = f"{type(error).__name__}: {message[: WORDS // 2]}" if message else type(error).__name__
    return words + where


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
