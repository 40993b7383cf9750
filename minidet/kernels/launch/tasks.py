"""Many tasks, all threads: one parallel loop that every convolution kernel shares.

::

    launch(task, count, ...)      each thread:  take the next number of its share, run task(number, ...), until none is
                                                left; then help the next thread with its share

A kernel is a serial function of one task's number. All have the same arguments, so the parallel loop, which is what
takes long to compile, is compiled once. A thread that is held up by other programs takes fewer tasks. Tasks write to
separate places, so the result depends neither on the number of threads nor on their order. Neighbouring tasks write
to neighbouring places, so a thread's share is a run of numbers: what a processor fetches ahead is then its own.

``task(index, slot, a, b, c, out, table, numbers)``: four flat arrays of floats, of which ``out`` is written, a table of
offsets, and the sizes that the task needs. ``slot`` is below ``THREADS``, and no other task has it at the same time.
"""

import functools

import numba
import numpy as np
from numba import types

from ..simd.tiles import call_address, fetch_add
from . import jit

#: Work that is worth waking the threads for.
SMALL = 1 << 14
#: Most threads there may be: the work is cut into as many shares, whoever does them.
THREADS = jit.numba_config.NUMBA_NUM_THREADS
#: Elements from one thread's counter to the next one's: two cache lines.
APART = 16
INT64 = np.dtype(np.int64)


class Task:
    """A kernel that computes one share of the work, compiled at its first use for each dtype."""

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function
        self.addresses = {}
        self.checked = jit.jit(function) if jit.BOUNDSCHECK else None
        self._compiled = []  # keeps the code alive

    def address(self, dtype):
        """Return where the code for arrays of ``dtype`` lies, compiling it once."""
        if dtype not in self.addresses:
            floats = types.Array(numba.from_dtype(dtype), 1, "C")
            integers = types.Array(types.int64, 1, "C")
            signature = types.void(types.int64, types.int64, floats, floats, floats, floats, integers, integers)
            compiled = jit.c_function(signature, self.function)
            self._compiled.append(compiled)
            self.addresses[dtype] = compiled.address
        return self.addresses[dtype]


@jit.parallel
def _launch(shares, before, address, count, a, b, c, out, table, numbers):
    counter = np.zeros(shares * APART, np.int64)
    for mine in numba.prange(shares):
        is_ready = before == 0
        for turn in range(shares):
            share = (mine + turn) % shares
            first, last = share * count // shares, (share + 1) * count // shares
            while True:
                index = first + fetch_add(counter[share * APART :])
                if index >= last:
                    break
                if not is_ready:  # only now: with fewer threads than shares, the others have nothing left to do
                    call_address(before, 0, mine, a, b, c, out, table, numbers)
                    is_ready = True
                call_address(address, index, mine, a, b, c, out, table, numbers)


@jit.jit
def _run(before, address, count, a, b, c, out, table, numbers):
    if before:
        call_address(before, 0, 0, a, b, c, out, table, numbers)
    for index in range(count):
        call_address(address, index, 0, a, b, c, out, table, numbers)


@functools.cache
def nothing(dtype):
    """Return an empty array, for an argument that a task does not use."""
    return np.empty(0, dtype)


def launch(task, count, a, b, c, out, table, numbers, work=SMALL, before=None):
    """Run ``task(index, slot, ...)`` for all ``index < count``; None stands for an array that the task does not use.

    Parameters
    ----------
    a, b, c, out : arrays of one dtype, or None
        Contiguous; the task sees them flat.
    table : (K,) int64 array, or None
    numbers : tuple of int, or (K,) int64 array
    work : int
        About how many numbers are moved, or multiply-adds / 16: little work is not worth waking the threads for.
    before : Task, optional
        What each thread does first, with the same arguments: its ``slot`` is that of the tasks which it then runs.
    """
    dtype = out.dtype
    unused = nothing(dtype)
    args = (  # written out: this runs between all kernels, when they have taken the caches for their data
        unused if a is None else a.reshape(-1),
        unused if b is None else b.reshape(-1),
        unused if c is None else c.reshape(-1),
        out.reshape(-1),
        nothing(INT64) if table is None else table,
        numbers if isinstance(numbers, np.ndarray) else np.array(numbers, INT64),
    )
    if task.checked:
        if before is not None:
            before.checked(0, 0, *args)
        for index in range(count):
            task.checked(index, 0, *args)
        return
    address, first = task.address(dtype), 0 if before is None else before.address(dtype)
    if work < SMALL:
        _run(first, address, count, *args)
    else:
        _launch(min(THREADS, count), first, address, count, *args)
