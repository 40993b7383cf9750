import numpy as np
import pytest

from minidet.kernels.launch import jit

if not jit.ENABLED:
    pytest.skip("numba is absent or switched off", allow_module_level=True)

import numba

from minidet.kernels.launch import tasks


@tasks.Task
def prepare(_index, slot, _a, _b, notes, _out, _table, numbers):
    notes[slot] += numbers[0]


@tasks.Task
def work(index, slot, _a, _b, notes, out, _table, _numbers):
    out[index] += notes[slot]


@pytest.mark.parametrize("amount", [0, tasks.SMALL], ids=["one thread", "all threads"])
@pytest.mark.parametrize("count", [0, 1, 2, 200])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_task_runs_once_and_finds_what_its_slot_prepared(dtype, count, amount):
    out, notes = np.zeros(count, dtype), np.zeros(tasks.THREADS, dtype)
    tasks.launch(work, count, None, None, notes, out, None, (7,), amount, prepare)
    assert (out == 7).all()
    assert set(notes) <= {0, 7}


def test_without_preparation():
    out = np.zeros(50)
    tasks.launch(work, 50, None, None, np.full(tasks.THREADS, 3.0), out, None, ())
    assert (out == 3).all()


def test_who_finds_no_task_prepares_nothing():
    before = numba.get_num_threads()
    out, notes = np.zeros(200), np.zeros(tasks.THREADS)
    try:
        numba.set_num_threads(1)  # the first share's thread does all the work
        tasks.launch(work, 200, None, None, notes, out, None, (7,), tasks.SMALL, prepare)
    finally:
        numba.set_num_threads(before)
    assert (out == 7).all()
    assert list(notes).count(7) == 1
