"""The one decorator that compiles kernels, where their compiled code is kept, and how they are entered.

``@jit`` is serial; ``@parallel`` may use ``prange`` and is entered by one Python thread at a time
(numba's "workqueue" threading layer aborts the process otherwise).

Compiled code is cached in one folder per version of the kernels: numba looks only at the file that holds a function
when it decides whether its cache is valid, not at what that function calls, so the folder's name is a hash of all of them.

Environment
-----------
MINIDET_CACHE
    Where to keep compiled kernels, instead of the user's cache folder.
MINIDET_BOUNDSCHECK
    ``1`` compiles serial kernels that check every index: for tests, slow.
"""

from __future__ import annotations

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

_entry = threading.RLock()


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


def _compile(function, is_parallel: bool):
    folder = cache_folder()
    before = numba_config.CACHE_DIR
    numba_config.CACHE_DIR = str(folder or "")  # read by numba while it decorates, so other people's caches stay put
    try:
        return numba.njit(
            function,
            cache=folder is not None,
            parallel=is_parallel and not BOUNDSCHECK,
            boundscheck=BOUNDSCHECK,
            nogil=True,
            error_model="numpy",
            fastmath=FASTMATH,
        )
    finally:
        numba_config.CACHE_DIR = before


def jit(function):
    """Compile a serial kernel."""
    return _compile(function, False)


def parallel(function):
    """Compile a kernel whose ``prange`` loops run on numba's threads, entered by one Python thread at a time."""
    compiled = _compile(function, True)

    @functools.wraps(function)
    def enter(*args):
        with _entry:
            return compiled(*args)

    enter.compiled = compiled
    return enter
