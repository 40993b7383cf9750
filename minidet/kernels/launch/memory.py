"""Keep freed memory in the process: the next array of the same size is there without a page fault.

A training step makes and frees the same large arrays again and again. glibc gives those of more than 128 kB back to
the system at once, which then clears every page anew: 15 % of a step's time. The price: what a process has once used,
it keeps. ``MINIDET_KEEP_MEMORY=0`` leaves glibc as it is; other systems' allocators are left alone anyway.
"""

from __future__ import annotations

import ctypes
import os
import sys

# glibc's malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
#: Larger arrays still go back to the system: the most that glibc allows.
LARGEST = 32 * 2**20


def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed. Return whether it does."""
    if not sys.platform.startswith("linux") or os.environ.get("MINIDET_KEEP_MEMORY", "1") in ("", "0"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, musl for example
        return False
    settings = ((M_MMAP_THRESHOLD, LARGEST), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2 * LARGEST))
    done = [mallopt(name, value) for name, value in settings]  # 1 for each that was set
    return done == [1, 1, 1]
