"""One line on standard error when kernels are compiled: without it, the first step looks as if it stood still."""

import sys

from numba.core import event

from . import jit

KERNELS = __package__.removesuffix("launch")  # "minidet.kernels.": all rooms


class _Listener(event.Listener):
    """Speaks once in a process, and only of this package's kernels."""

    def __init__(self):
        self.spoken = False

    def on_start(self, event):
        """Numba found no compiled code in its cache."""
        function = event.data["dispatcher"].py_func
        module = function.__module__ or ""  # None for what exec defined in a namespace without a name
        if self.spoken or not module.startswith(KERNELS):
            return
        self.spoken = True
        folder = jit.folder_of_compiled()
        where = f"once: they are kept in {folder.parent}" if folder else "in every process"
        print(f"\rminidet: compiling kernels for this processor, {where}", file=sys.stderr, flush=True)

    def on_end(self, event):
        """Nothing to say: what was compiled runs at once."""


def compilation():
    """Announce the first compilation of this process."""
    event.register("numba:compile", _Listener())
