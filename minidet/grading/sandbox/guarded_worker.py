"""The worker of a student's own checks: worker.py behind a guard in the place of the sandbox.

Nothing is kept from anybody here: it is the student's own machine. The guard only makes fail here what fails in the
grader: modules but NumPy and Python's own, files, threads, other processes, the network.

Started as ``python -I -S -E guarded_worker.py CONFIG``.
"""

from __future__ import annotations

import _thread
import errno
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
#: What Python brings along, and the sandbox does not show: they need libraries of the system's windows and terminals.
MISSING = {"tkinter", "_tkinter", "turtle", "turtledemo", "idlelib", "curses", "_curses", "_curses_panel", "_dbm",
           "_gdbm", "readline", "nis"}  # fmt: skip
PROCESSES = ("os.fork", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen", "pty.spawn")
#: The functions of the module _thread that start one.
THREADS = ("start_new_thread", "start_new", "start_joinable_thread")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def allowed(module: str) -> bool:
    """Tell whether an answer may import a module: NumPy, and what Python itself brings along."""
    top = module.partition(".")[0]
    return top == "numpy" or (top in sys.stdlib_module_names and top not in MISSING)


class OnlyNumPy:
    """A finder that stands before all others, and says of other modules that they are not there."""

    own = ("codec", "walls", "worker")

    def find_spec(self, name, path=None, target=None):
        """Return None, which lets the next finder look, or raise."""
        if not allowed(name) and name not in self.own:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def guard(packages: str, temporary: str) -> None:
    """Forbid this process from now on what the sandbox forbids."""
    readable = [os.path.dirname(os.__file__), HERE, *(os.path.join(packages, name) for name in ("numpy", "numpy.libs"))]
    readable = tuple(os.path.realpath(folder) + os.sep for folder in [*readable, temporary])

    def hook(event, arguments):
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            name, flags = os.fsdecode(arguments[0]), arguments[2]
            place = os.path.realpath(name)
            if place not in DEVICES and not place.startswith(readable):
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", name)
            if flags & WRITING and place not in DEVICES and not place.startswith(readable[-1]):
                raise PermissionError(errno.EACCES, "Permission denied", name)
        elif event in PROCESSES or event == "socket.__new__":
            raise PermissionError(errno.EPERM, "Operation not permitted")

    def no_thread(*arguments, **options):
        raise RuntimeError("can't start new thread")

    for name in THREADS:  # threading, which is imported later, takes them from here
        if hasattr(_thread, name):
            setattr(_thread, name, no_thread)
    sys.meta_path.insert(0, OnlyNumPy())
    sys.addaudithook(hook)


if __name__ == "__main__":
    sys.path.append(HERE)
    import worker

    sys.path.remove(HERE)
    told = json.loads(sys.argv[1])
    guard(told["packages"], told["temporary"])
    worker.main(told)
