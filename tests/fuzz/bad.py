"""Bad calls, in a process of their own: nothing may crash it, hang it or fill the memory, and what is raised names the operation."""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import io
import json
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings

#: Seconds that a call may take, and bytes that all calls may take together.
PATIENCE, ROOM = 10, 3 << 30
#: Seconds for the first call of a worker: where a kernel was being compiled when the patience ended, it is called again.
COMPILING = 300
NAMED = re.compile(
    r"^[A-Za-z_][\w.]*(\[\d+\])?: |\(\) (missing|takes|got)|takes \d+ positional|unexpected keyword|Unpickling"
)


def is_named(name: str, message: str) -> bool:
    """Tell whether a message says which operation it comes from."""
    last = name.split(".")[-1].strip("_")
    return NAMED.search(message) is not None or last.lower() in message.lower()


def digitless(message: str) -> str:
    """Return what a message has in common with others of its kind."""
    message = re.sub(
        r"'[\w.]+' (object|and|or)|type object '[\w.]+'|'[\w.]+'$|^[\w.]+ has no attribute", r"some \1", message
    )
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?(e[+-]?\d+)?", "#", message)[:60]


def work(seed: int, first: int, until: float, count: int | None, diary: pathlib.Path) -> None:
    """Make calls until the time is over; write down what is being called, and what raised without a name."""
    from . import bad_calls

    used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
    warnings.simplefilter("ignore")
    names, number = bad_calls.callables(), first
    with open(f"{diary}.trace", "w", encoding="utf-8") as trace, open(f"{diary}.found", "a", encoding="utf-8") as found:
        while time.time() < until and (count is None or number < count):
            name = names[number % len(names)]
            text = bad_calls.bad_call(name, random.Random(f"{seed} {number}"))
            diary.write_text(json.dumps([number, name, text]), encoding="utf-8")
            patience = COMPILING if number == first else PATIENCE
            faulthandler.dump_traceback_later(patience, exit=True, file=trace)
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    bad_calls.run(text)
            except MemoryError:  # what was asked for is refused at once
                pass
            except Exception as error:  # noqa: BLE001
                if not is_named(name, str(error)):
                    found.write(json.dumps([name, type(error).__name__, str(error), text]) + "\n")
                    found.flush()
            faulthandler.cancel_dump_traceback_later()
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")
            number += 1
    diary.write_text(json.dumps([number, "", ""]), encoding="utf-8")


def bad(seed: int, seconds: float, count: int | None = None, worker: str = "tests.fuzz.bad") -> int:
    """Let workers make bad calls; print what went wrong, each kind once; return how many kinds."""
    until, first, kinds = time.time() + seconds, 0, {}
    with tempfile.TemporaryDirectory() as folder:
        diary = pathlib.Path(folder) / "diary"
        while time.time() < until and (count is None or first < count):
            command = [sys.executable, "-m", worker, str(seed), str(first), str(until), str(count or 0), str(diary)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            number, name, text = json.loads(diary.read_text(encoding="utf-8")) if diary.exists() else (first, "", "")
            if not name and done.returncode:
                raise RuntimeError(done.stderr)
            trace = pathlib.Path(f"{diary}.trace").read_text(encoding="utf-8")
            if name and "numba/core" in trace and number != first:
                first = number
                continue
            if name:
                how = (
                    f"takes more than {PATIENCE} seconds"
                    if "Timeout" in trace
                    else f"ends the process ({done.returncode})"
                )
                kinds[name, how] = f"{name} {how}:\n    {text}\n{trace[:2000] or done.stderr[-1500:]}"
                print(kinds[name, how], flush=True)
            first = number + bool(name)
        found = pathlib.Path(f"{diary}.found")
        for line in found.read_text(encoding="utf-8").splitlines() if found.exists() else ():
            name, error, message, text = json.loads(line)
            key = name, f"{error}: {digitless(message)}"
            if key not in kinds:
                kinds[key] = f"{name}: {error} without the operation's name: {message[:200]!r}\n    {text}"
                print(kinds[key], flush=True)
    print(f"seed {seed}: {first} bad calls, {len(kinds)} kinds of failures", flush=True)
    return len(kinds)


def main() -> None:
    """Be a worker."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.bad", description=__doc__)
    for name, kind in (("seed", int), ("first", int), ("until", float), ("count", int), ("diary", pathlib.Path)):
        parser.add_argument(name, type=kind)
    options = parser.parse_args()
    os.environ.setdefault("MPLBACKEND", "Agg")
    root = os.getcwd()
    sys.path.insert(0, root)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        work(options.seed, options.first, options.until, options.count or None, options.diary)
        os.chdir(root)


if __name__ == "__main__":
    main()
