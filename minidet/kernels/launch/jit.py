"""The one decorator that compiles kernels, where their compiled code is kept, and how they are entered.

``@jit`` is serial; ``@parallel`` may use ``prange`` and is entered by one Python thread at a time
(numba's "workqueue" threading layer aborts the process otherwise). A process that was forked from one that had run a
parallel kernel has none of its threads, and GNU OpenMP would kill it: there, the kernel's serial twin runs.

Compiled code is kept in one folder per version of the kernels: a function's own file does not tell whether what it
calls has changed, so the folder's name is a hash of them all (``cache_folder.py``: where; ``cache_files.py``: how).

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
import sys
import threading
import warnings

from . import cache_folder, interrupt

try:
    import numba
    from numba.core import caching, ccallback, sigutils
    from numba.core import config as numba_config

    from . import cache_files

    #: False where numba is absent, or its compiler is switched off: kernels then come from ``kernels.reference``.
    ENABLED = not numba_config.DISABLE_JIT
except ImportError:
    numba = None
    ENABLED = False

#: numba's own search order for threads, and minidet's.
NUMBAS_ORDER, ORDER = ["tbb", "omp", "workqueue"], ["omp", "tbb", "workqueue"]


def prefer_openmp(config) -> None:
    """Let numba look for OpenMP's threads before those of TBB, unless an order was chosen.

    A TBB that the system has is otherwise taken without a word. Its threads sleep between kernels: two then take longer
    than one, where OpenMP's take half.
    """
    if config.THREADING_LAYER == "default" and list(config.THREADING_LAYER_PRIORITY) == NUMBAS_ORDER:
        config.THREADING_LAYER_PRIORITY = list(ORDER)


if ENABLED:
    prefer_openmp(numba_config)

BOUNDSCHECK = os.environ.get("MINIDET_BOUNDSCHECK", "0") not in ("", "0")

#: What the compiler may assume. Not ``fastmath=True``: that loses NaN and infinity.
FASTMATH = {"contract", "reassoc", "nsz", "arcp"}


def kernel_files() -> list[pathlib.Path]:
    """List the files of all kernels, in every room but the reference's, which is not compiled."""
    kernels = pathlib.Path(__file__).parents[1]
    return sorted(path for path in kernels.rglob("*.py") if kernels / "reference" not in path.parents)


def sources_hash() -> str:
    """Hash every kernel's source, the versions and the flags that change compiled code."""
    digest = hashlib.sha256()
    for path in kernel_files():
        digest.update(path.read_bytes())
    environment = sorted((k, v) for k, v in os.environ.items() if k.startswith("NUMBA_CPU_"))
    digest.update(repr((numba.__version__, sys.version_info[:2], BOUNDSCHECK, environment)).encode())
    return digest.hexdigest()[:16]


@functools.cache
def cache_choice() -> cache_folder.Choice:
    """Return the folder of this version's compiled kernels, and the roots that were passed over."""
    return cache_folder.choose(f"kernels-{sources_hash()}")


@functools.cache
def folder_of_compiled() -> pathlib.Path | None:
    """Return the folder of this version's compiled kernels, or None; a warning says why it is not the first choice."""
    folder, refused = cache_choice()
    reasons = ", ".join(f"{root} {reason}" for root, reason in refused) or "there is no home and no temporary folder"
    if folder is None:
        warnings.warn(
            f"minidet: {reasons}: kernels are compiled anew in every process. Set MINIDET_CACHE to a writable folder",
            stacklevel=2,
        )
    elif refused:
        warnings.warn(f"minidet: {reasons}: compiled kernels are kept in {folder}", stacklevel=2)
    return folder


def _cache(function, subfolder: str):
    """Return what keeps the compiled code of ``function``."""
    folder = folder_of_compiled()
    if folder is None or not os.path.isfile(function.__code__.co_filename):
        return caching.NullCache()
    return cache_files.KernelCache(function, folder / subfolder)


_options = {"boundscheck": BOUNDSCHECK, "error_model": "numpy", "fastmath": FASTMATH}


def _compile(function, is_parallel: bool):
    """Compile ``function``; parallel code has a folder of its own, since nothing else tells it from serial."""
    is_parallel = is_parallel and not BOUNDSCHECK
    dispatcher = numba.njit(function, parallel=is_parallel, nogil=True, **_options)
    dispatcher._cache = _cache(function, "parallel" if is_parallel else "serial")
    dispatcher.compile = interrupt.waits_for(dispatcher.compile)
    return dispatcher


def threads() -> int:
    """Return how many threads kernels may use; 1 where there are no kernels."""
    return numba.get_num_threads() if ENABLED else 1


def jit(function):
    """Compile a serial kernel."""
    return _compile(function, False)


def exact(function):
    """Compile a serial kernel that rounds as NumPy does, for what decides on which side of a border a number lies."""
    dispatcher = numba.njit(function, nogil=True, **(_options | {"fastmath": False}))
    dispatcher._cache = _cache(function, "serial")
    dispatcher.compile = interrupt.waits_for(dispatcher.compile)
    return dispatcher


def inlined(function):
    """Compile a serial kernel into each of its callers: for what is called once per row, a call costs more than it."""
    return numba.njit(inline="always", **_options)(function)


def c_function(signature, function):
    """Compile a serial kernel for one signature, to be called through its ``address`` from compiled code."""
    compiled = ccallback.CFunc(function, sigutils.normalize_signature(signature), {}, _options)
    compiled._cache = _cache(function, "address")
    with interrupt.waits():
        compiled.compile()
    return compiled


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
