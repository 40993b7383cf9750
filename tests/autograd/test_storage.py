"""Arrays that NumPy and tensors share: locked while a tape needs them, whoever holds them, and unlocked afterwards."""

import array as python_array
import gc
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minidet
from minidet import Tensor, from_numpy, no_grad

SHAPE = 6, 4


def values():
    return np.arange(24, dtype=np.float32).reshape(SHAPE)


def read_only(array):
    array.flags.writeable = False
    return array


def writable_part_of_read_only():
    whole = np.zeros((7, 4), np.float32)
    part = whole[1:]
    whole.flags.writeable = False
    return part


SOURCES = {
    "own": values,
    "part": lambda: np.zeros((9, 4), np.float32)[2:8],
    "columns": lambda: np.zeros((6, 9), np.float32)[:, 1::2],
    "Fortran's order": lambda: np.asfortranarray(values()),
    "backwards": lambda: values()[::-1, ::-1],
    "read-only": lambda: read_only(values()),
    "writable part of a read-only whole": writable_part_of_read_only,
    "of bytes": lambda: np.frombuffer(values().tobytes(), np.float32).reshape(SHAPE),
    "of a bytearray": lambda: np.frombuffer(bytearray(values().tobytes()), np.float32).reshape(SHAPE),
    "of Python's array": lambda: np.frombuffer(python_array.array("f", range(24)), np.float32).reshape(SHAPE),
    "stretched": lambda: np.broadcast_to(np.float32(3), SHAPE),
    "of a class of its own": lambda: values().view(type("Subclass", (np.ndarray,), {})),
}  # fmt: skip

CUTS = [
    lambda a: a[:3], lambda a: a[2:], lambda a: a[::2], lambda a: a[1::2], lambda a: a[..., 1:3], lambda a: a.T,
    lambda a: a[::-1], lambda a: a.reshape(-1), lambda a: a[..., None], lambda a: a.view(), lambda a: a[3:3],
]  # fmt: skip


class World:
    """Arrays, tensors and graphs, and what has to be true of them."""

    def __init__(self, source):
        self.arrays, self.were_writable, self.known = [], [], set()
        self.tensors, self.graphs = [], []
        self.add_array(source)

    def add_array(self, array):
        self.arrays.append(array)
        self.were_writable.append(array.flags.writeable)

    def cut(self, i, how):
        self.add_array(CUTS[how % len(CUTS)](self.arrays[i % len(self.arrays)]))

    def make_tensor(self, i, _):
        i %= len(self.arrays)
        self.known.add(i)
        self.tensors.append(Tensor(self.arrays[i], requires_grad=True))

    def hand_out(self, i, _):
        if self.tensors:
            self.add_array(self.tensors[i % len(self.tensors)].detach().numpy())
            self.known.add(len(self.arrays) - 1)

    def make_view(self, i, how):
        if self.tensors:
            x = self.tensors[i % len(self.tensors)].detach()
            self.tensors.append((x.reshape(-1), x[1:] if x.shape else x, x.T if x.ndim == 2 else x)[how % 3])
            self.tensors[-1].requires_grad_()

    def make_graph(self, i, _):
        if self.tensors:
            x = self.tensors[i % len(self.tensors)]
            self.graphs.append({"x": x, "y": (x * x).sum(), "expected": 2 * x._array, "spoiled": False})

    def write_by_numpy(self, i, how):
        i %= len(self.arrays)
        if i in self.known:  # else a view that minidet never saw
            array = self.arrays[i]
            try:
                array[...] = how
            except ValueError:  # assignment destination is read-only
                assert not array.flags.writeable
            else:
                assert not self.concerned(array)

    def write_by_minidet(self, i, _):
        if self.tensors:
            x = self.tensors[i % len(self.tensors)]
            with no_grad():
                x.add_(1)
            for graph in self.concerned(x._array):
                graph["spoiled"] = True

    def concerned(self, array):
        return [graph for graph in self.graphs if np.shares_memory(graph["x"]._array, array)]

    def backward(self, i, _):
        if self.graphs:
            graph = self.graphs.pop(i % len(self.graphs))
            graph["x"].grad = None
            if graph["spoiled"]:
                with pytest.raises(RuntimeError, match="changed in place"):
                    graph["y"].backward()
            else:
                graph["y"].backward()
                np.testing.assert_array_equal(graph["x"].grad.numpy(), graph["expected"])

    def drop(self, i, _):
        if self.graphs:
            del self.graphs[i % len(self.graphs)]

    def drop_tensor(self, i, _):
        if self.tensors:
            del self.tensors[i % len(self.tensors)]

    def end(self, i):
        while self.graphs:
            (self.backward if i % 2 else self.drop)(i, 0)
            i = i // 2 + 1

    def assert_unlocked(self):
        gc.collect()
        for array, was_writable in zip(self.arrays, self.were_writable, strict=True):
            assert array.flags.writeable or not was_writable


STEPS = [getattr(World, name) for name in ("cut", "make_tensor", "make_graph", "hand_out", "make_view", "backward",
                                           "write_by_numpy", "write_by_minidet", "drop", "drop_tensor")]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def only_new_objects():
    """Let the collector look at this file's objects only: those of a long session take it half a second each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 20), st.integers(0, 20)), max_size=30),
       st.integers(0, 1000))  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_any_order_of_events(source, steps, end):
    """Nothing raises; what would spoil a graph is refused by NumPy or found by its version; all is unlocked at last."""
    world = World(SOURCES[source]())
    for step, i, how in steps:
        step(world, i, how)
    world.end(end)
    world.assert_unlocked()


def linear(x):
    return Tensor(x, requires_grad=True) * Tensor(x)


def test_a_part_that_was_cut_before_the_whole_was_locked():
    whole = np.ones((6, 4), np.float32)
    part = whole[4:]
    y = linear(whole)
    z = linear(part)
    del y
    assert not part.flags.writeable
    del z
    assert whole.flags.writeable
    assert part.flags.writeable


def test_the_whole_of_a_part_is_locked_too():
    whole = np.ones((6, 4), np.float32)
    y = linear(whole[4:])
    with pytest.raises(ValueError, match="read-only"):
        whole[5] = 2
    y.sum().backward()
    whole[5] = 2


def test_a_change_of_an_overlapping_tensor_is_found():
    whole = np.ones((6, 4), np.float32)
    first, last, all_ = from_numpy(whole[:4]).requires_grad_(), from_numpy(whole[4:]), from_numpy(whole)
    y = (first * first).sum()
    last.add_(1)
    y.backward(retain_graph=True)
    all_.add_(1)
    assert [first.version, last.version, all_.version] == [1, 2, 2]
    with pytest.raises(RuntimeError, match="Mul: input 0 was changed in place"):
        y.backward()


def test_a_tensor_around_an_array_that_another_one_handed_out():
    x = minidet.ones(4, requires_grad=True)
    y = (x * x).sum()
    Tensor(x.detach().numpy()[1:])  # read-only: a copy
    other = minidet.ones(4)
    twin = Tensor(other.numpy()[1:])
    z = (x * other).sum()
    twin.add_(1)
    with pytest.raises(RuntimeError, match="Mul: input 1 was changed in place"):
        z.backward()
    y.backward()


def test_rows_in_a_hard_pattern_do_not_disturb_each_other():
    whole = np.ones((6, 4))
    even, odd = from_numpy(whole[::2]).requires_grad_(), whole[1::2]
    from_numpy(odd)
    y = (even * even).sum()
    odd[0] = 3
    y.backward()
    assert even.grad.tolist() == np.full((3, 4), 2).tolist()


def test_a_locked_array_is_shared_too():
    array = np.ones(3, np.float32)
    y = (Tensor(array, requires_grad=True) ** 2).sum()
    second = from_numpy(array)
    assert not array.flags.writeable
    second.add_(1)
    assert array.tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="Pow: input 0 was changed in place"):
        y.backward()
    del y
    assert array.flags.writeable


@pytest.mark.parametrize("mode, shares", [("r+", True), ("r", False), ("c", True)])
def test_files_in_memory(tmp_path, mode, shares):
    path = tmp_path / "numbers"
    values().tofile(path)
    mapped = np.memmap(path, np.float32, mode, shape=SHAPE)
    x = Tensor(mapped, requires_grad=True)
    y = (x * x).sum()
    assert not mapped.flags.writeable
    y.backward()
    assert mapped.flags.writeable == shares
    with no_grad():
        x[0, 0] = 99
    assert (mapped[0, 0] == 99) == shares
    assert x._array.flags.writeable


@pytest.mark.parametrize("data", [bytearray(b"ab"), python_array.array("f", [1, 2]), memoryview(bytearray(4))])
def test_buffers_are_copied(data):
    x = Tensor(data)
    x.add_(1)
    assert list(data) != x.tolist()


def test_masked_arrays_are_refused():
    with pytest.raises(TypeError, match="tensor: data is a masked array, expected .*: .*filled"):
        minidet.tensor(np.ma.masked_array([1.0, 2.0], [True, False]))


@pytest.mark.parity
def test_memory_that_numpy_cannot_unlock_is_copied():
    import torch

    array = torch.ones(3).numpy()
    x = Tensor(array, requires_grad=True)
    y = (x * x).sum()
    assert array.flags.writeable
    array[0] = 5
    y.backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_what_the_user_locks_stays_locked():
    array = np.ones(3)
    x = Tensor(array, requires_grad=True)
    array.flags.writeable = False
    (x * x).sum().backward()
    assert not array.flags.writeable


def test_threads_that_share_an_array():
    """Counters and flags change together: at the end no lock is left, and none was lost."""
    array = np.ones((4, 50), np.float32)

    def work(part):
        for _ in range(150):
            x = Tensor(part, requires_grad=True)
            (x * x).sum().backward()

    threads = [threading.Thread(target=work, args=(part,)) for part in (array, array[1:], array[:2], array.T)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert array.flags.writeable


def test_many_tensors_of_one_array():
    """Tensors of rows neither keep each other, nor the array, alive."""
    array = np.ones((500, 3))
    rows = [from_numpy(row) for row in array]
    memory = rows[0]._storage.memory
    assert len(memory.storages) == 500
    del rows[:-1]
    gc.collect()
    assert len(memory.storages) == 1
