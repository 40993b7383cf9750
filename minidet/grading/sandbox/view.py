"""What a sandbox shows of the machine: Python, its standard library, NumPy, and the C libraries that these load."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: Where the worker's own files are seen, and where files may be written. Not /tmp: Python itself may lie there.
GRADER, FOLDER = "/grader", "/student"
FILES = ("codec.py", "walls.py", "worker.py")
#: What the worker is compiled of, asked of an interpreter that has loaded all that could be loaded.
LIST = r"""
import ctypes, glob, importlib, json, os, sys, sysconfig
sys.path.append(sys.argv[1])
import numpy
import numpy.fft, numpy.random
numpy.linalg.solve(numpy.eye(3), numpy.ones(3)) @ numpy.ones((3, 3))
folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
for folder in folders:
    for path in glob.glob(folder + "/lib-dynload/*.so"):
        name = os.path.basename(path).split(".")[0]
        if not name.startswith(("_test", "xx", "_tkinter", "_curses", "_dbm", "_gdbm", "readline", "nis")):
            try:
                importlib.import_module(name)
            except Exception:
                pass
try:
    ctypes.CDLL("libgcc_s.so.1")
except OSError:
    pass
class Info(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]
libraries = set()
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Info), ctypes.c_size_t, ctypes.c_void_p)
def note(info, size, data):
    if info.contents.name:
        libraries.add(os.fsdecode(info.contents.name))
    return 0
ctypes.CDLL(None).dl_iterate_phdr(note, None)
json.dump({"folders": sorted(folders), "libraries": sorted(libraries)}, sys.stdout)
"""


@dataclass(frozen=True)
class View:
    """What is visible, and how the worker is started in it.

    Attributes
    ----------
    entries : tuple of (kind, source, target)
        ``"bind"``: a file or folder, read-only; ``"device"``; ``"empty"``: an empty folder in its place.
    interpreter, packages : str
        The Python program, and the folder that NumPy is imported from.
    """

    entries: tuple[tuple[str, str, str], ...]
    interpreter: str
    packages: str


@functools.cache
def find_view() -> View:
    """Return the view for the interpreter and the NumPy that this process runs."""
    interpreter = os.path.realpath(sys.executable)
    numpy_folder = Path(np.__file__).parent
    packages = str(numpy_folder.parent)
    command = [interpreter, "-I", "-S", "-E", "-c", LIST, packages]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True, env=environment()).stdout)

    entries = [("bind", interpreter, interpreter)]
    entries += [("bind", folder, folder) for folder in listed["folders"]]
    others = [os.path.join(folder, name) for folder in listed["folders"] for name in ("site-packages", "dist-packages")]
    entries += [("empty", "", folder) for folder in others if os.path.isdir(folder)]
    shown = [*listed["folders"]]
    for folder in (numpy_folder, numpy_folder.parent / "numpy.libs"):
        if folder.is_dir():
            entries.append(("bind", str(folder), str(folder)))
            shown.append(str(folder))
    for name in [*listed["libraries"], "/etc/ld.so.cache"]:
        path = os.path.normpath(name)
        if os.path.isfile(path) and not any(path.startswith(folder + "/") for folder in shown):
            entries.append(("bind", path, path))
    entries += [("device", path, path) for path in ("/dev/null", "/dev/zero", "/dev/urandom")]
    here = Path(__file__).parent
    entries += [("bind", str(here / name), f"{GRADER}/{name}") for name in FILES]
    return View(tuple(entries), interpreter, packages)


def environment() -> dict[str, str]:
    """Return the environment variables of a worker: nothing of the grader's own, and one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**threads, "HOME": FOLDER, "TMPDIR": FOLDER, "LANG": "C.UTF-8", "PATH": "/nowhere"}
