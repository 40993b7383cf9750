"""Memory for intermediate results: kept from call to call, or a task's own; both start where a cache line starts.

Fresh pages cost more than writing to them. A vector that lies in two cache lines costs as much as two: AVX-512's
vectors are as long as a line, so that every single one would.
"""

import threading

import numpy as np

from .jit import jit

#: Bytes in a cache line.
LINE = 64


class _Kept(threading.local):
    """A thread's buffers."""

    def __init__(self):
        self.buffers = {}


_kept = _Kept()


def take(name, size, dtype):
    """Return this thread's uninitialised buffer ``name`` of at least ``size`` elements.

    A kernel takes what it needs when it starts and has forgotten it when it returns: nothing of it may be handed out.
    """
    buffers = _kept.buffers
    buffer = buffers.get((name, dtype))
    if buffer is None or buffer.size < size:
        dtype = np.dtype(dtype)
        memory = np.empty(size + LINE // dtype.itemsize, dtype)
        buffer = buffers[name, dtype] = memory[-memory.ctypes.data % LINE // dtype.itemsize :][:size]
    return buffer


@jit
def empty(size, dtype):
    """Return an uninitialised array, for a task to use while it runs."""
    memory = np.empty(size + LINE // 4, dtype)
    first = -memory.ctypes.data % LINE // memory.itemsize
    return memory[first : first + size]
