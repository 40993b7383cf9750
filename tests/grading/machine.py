"""What a session does to the machine, seen from outside."""

import os
import time
from pathlib import Path


def descendants(pid):
    """Numbers of the processes below one, the nearest first."""
    found = []
    for child in (Path(f"/proc/{pid}/task/{pid}/children")).read_text().split():
        found += [int(child), *descendants(int(child))]
    return found


def first_process(session):
    """The number, seen from here, of the first process in a session's sandbox."""
    own = os.readlink("/proc/self/ns/pid")
    inside = [pid for pid in descendants(session._worker.process.pid) if os.readlink(f"/proc/{pid}/ns/pid") != own]
    assert inside, "the worker has no process namespace of its own"
    return inside[0]


class Space:
    """The process namespace of a process, kept open: its number is not given to another as long as we look."""

    def __init__(self, pid):
        self.descriptor = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY)
        self.number = os.fstat(self.descriptor).st_ino

    def __del__(self):
        os.close(self.descriptor)


def space_of(session):
    return Space(first_process(session))


def alive_in(space):
    """Numbers of the processes that live in a process namespace, zombies not counted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                same = os.stat(entry / "ns" / "pid").st_ino == space.number
                if same and "\nState:\tZ" not in (entry / "status").read_text():
                    found.append(int(entry.name))
            except OSError:  # it ended while we looked
                continue
    return found


def wait_until(condition, seconds=5.0):
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return true
