"""The one decorator that compiles kernels, where their compiled code is kept, and how they are entered.

``@jit`` is serial; ``@parallel`` may use ``prange`` and is entered by one Python thread at a time
(numba's "workqueue" threading layer aborts the process otherwise). A process that was forked from one that had run a
parallel kernel has none of its threads, and GNU OpenMP would kill it: there, the kernel's serial twin runs.

Compiled code is cached in one folder per version of the kernels: numba looks only at the file that holds a function
when it decides whether its cache is valid, not at what that function calls, so the folder's name is a hash of them all.

Environment
-----------
MINIDET_CACHE
    Where to keep compiled kernels, instead of the user's cache folder.
MINIDET_BOUNDSCHECK
    ``1`` compiles serial kernels that check every index: for tests, slow.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pathlib
import platform
import sys
import tempfile
import threading
import uuid
import warnings

try:
    import numba
    from numba.core import config as numba_config

    #: False where numba is absent, or its compiler is switched off: kernels then come from ``kernels.reference``.
    ENABLED = not numba_config.DISABLE_JIT
except ImportError:
    numba = None
    ENABLED = False

BOUNDSCHECK = os.environ.get("MINIDET_BOUNDSCHECK", "0") not in ("", "0")

#: What the compiler may assume. Not ``fastmath=True``: that loses NaN and infinity.
FASTMATH = {"contract", "reassoc", "nsz", "arcp"}


def sources_hash() -> str:
    """Hash every kernel's source, the versions and the flags that change compiled code."""
    digest = hashlib.sha256()
    for path in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    environment = sorted((k, v) for k, v in os.environ.items() if k.startswith("NUMBA_CPU_"))
    digest.update(repr((numba.__version__, sys.version_info[:2], BOUNDSCHECK, environment)).encode())
    return digest.hexdigest()[:16]


def cache_roots() -> list[pathlib.Path]:
    """List the folders that may hold compiled kernels, best first."""
    if os.environ.get("MINIDET_CACHE"):
        return [pathlib.Path(os.environ["MINIDET_CACHE"])]
    system = platform.system()
    if system == "Windows":
        user = pathlib.Path(os.environ.get("LOCALAPPDATA", pathlib.Path.home() / "AppData" / "Local"))
    elif system == "Darwin":
        user = pathlib.Path.home() / "Library" / "Caches"
    else:
        user = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return [user / "minidet", pathlib.Path(tempfile.gettempdir()) / f"minidet-{owner}"]


@functools.cache
def cache_folder() -> pathlib.Path | None:
    """Return a writable folder for compiled kernels, or None after one warning."""
    roots = cache_roots()
    for root in roots:
        folder = root / f"kernels-{sources_hash()}"
        probe = folder / f"probe-{uuid.uuid4().hex}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError:
            continue
        if root != roots[0]:
            warnings.warn(f"minidet: {roots[0]} is not writable: compiled kernels are kept in {folder}", stacklevel=2)
        return folder
    tried = " or ".join(str(root) for root in roots)
    warnings.warn(
        f"minidet: cannot write to {tried}: kernels are compiled anew in every process. "
        "Set MINIDET_CACHE to a writable folder",
        stacklevel=2,
    )
    return None


@contextlib.contextmanager
def _cached_in(subfolder: str):
    """While numba decorates, let it cache in our folder: yield whether there is one."""
    folder = cache_folder()
    before = numba_config.CACHE_DIR
    numba_config.CACHE_DIR = str(folder / subfolder if folder else "")
    try:
        yield folder is not None
    finally:
        numba_config.CACHE_DIR = before


_options = {"boundscheck": BOUNDSCHECK, "error_model": "numpy", "fastmath": FASTMATH}


def _compile(function, is_parallel: bool):
    """Compile ``function``; parallel code has a folder of its own, since numba's cache does not tell it from serial."""
    is_parallel = is_parallel and not BOUNDSCHECK
    with _cached_in("parallel" if is_parallel else "serial") as cache:
        return numba.njit(function, cache=cache, parallel=is_parallel, nogil=True, **_options)


def jit(function):
    """Compile a serial kernel."""
    return _compile(function, False)


def inlined(function):
    """Compile a serial kernel into each of its callers: for what is called once per row, a call costs more than it."""
    return numba.njit(inline="always", **_options)(function)


def c_function(signature, function):
    """Compile a serial kernel for one signature, to be called through its ``address`` from compiled code."""
    with _cached_in("address") as cache:
        return numba.cfunc(signature, cache=cache, **_options)(function)


class _Threads:
    """What this process knows of numba's threads."""

    def __init__(self):
        self.entry = threading.RLock()
        self.started = False  # a parallel kernel has run
        self.lost = False  # ... in the process that this one was forked from
        self.warned = False

    def after_fork(self):
        """Forget the parent's threads, and its lock, which another thread may have held."""
        self.entry = threading.RLock()
        self.lost = self.started

    def warn(self):
        """Say once that kernels are serial here."""
        if not self.warned:
            self.warned = True
            warnings.warn(
                "minidet: this process was forked from one that had used threads: its kernels run on one thread. "
                "Start it with the 'spawn' method to use more",
                stacklevel=4,
            )


_threads = _Threads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.after_fork)


def parallel(function):
    """Compile a kernel whose ``prange`` loops run on numba's threads, entered by one Python thread at a time."""
    compiled = _compile(function, True)
    serial = functools.cache(lambda: _compile(function, False))

    @functools.wraps(function)
    def enter(*args):
        with _threads.entry:
            if _threads.lost:
                _threads.warn()
                return serial()(*args)
            _threads.started = True
            return compiled(*args)

    enter.compiled = compiled
    return enter
