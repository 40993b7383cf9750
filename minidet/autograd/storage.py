"""What tensors that share one memory know together: how often it was changed, and whether a tape needs it as it is."""

from __future__ import annotations

import threading
import weakref

import numpy as np

WORK = 1000  # steps that the exact comparison of two arrays' addresses may take


class Storage:
    """The version of a memory, and a lock on the arrays through which somebody outside may write to it.

    ``version`` counts the in-place changes. ``locks`` counts the recorded operations that need the values for their
    backward pass; while there are any, the arrays that were handed in or out (``Tensor(array)``, ``Tensor.numpy()``)
    are read-only, as far as they overlap.
    """

    # Defaults of the class: every result of an operation has a storage, and most are never changed or handed out.
    version = 0
    locks = 0
    memory: Memory | None = None  # known once an array of it was handed in or out
    extent: np.ndarray | None = None  # all that belongs to this storage
    made: tuple | None = None  # what an operation made of the values, and keeps until these change

    def hand_out(self, array: np.ndarray) -> np.ndarray:
        """Remember ``array``, a view that somebody outside may write to, and lock it if a tape needs it."""
        if array.flags.writeable:
            with _changing:
                if self.memory is None:
                    bottom, key = _bottom(array)
                    self._join(_memory(key, is_ours=True), bottom)
                self.memory.know(array)
        return array

    def take_in(self, array: np.ndarray) -> np.ndarray | None:
        """Share an array of somebody outside, and return a view to write to, even while ``array`` is locked.

        None if that cannot be: nobody can write to the array, or NumPy could not unlock it again.
        """
        bottom, key = _bottom(array)
        with _changing:
            memory = _memory(key, is_ours=False)
            view = memory.writable_view(array)
            if view is None or not memory.can_unlock(array, bottom):
                return None
            self._join(memory, view)
            memory.know(array)
            if array is not bottom and not memory.is_ours:
                memory.know(bottom)
        return view

    def _join(self, memory: Memory, extent: np.ndarray) -> None:
        self.memory, self.extent = memory, extent
        memory.storages[id(self)] = weakref.ref(self, _forgetting(id(self), memory.storages))

    def changed(self, array: np.ndarray) -> None:
        """Count one change in place of ``array``, which is this memory or a part of it."""
        self.version += 1
        self.made = None
        if self.memory is not None:
            self.memory.count(self, array)


class Memory:
    """One block of memory that NumPy arrays outside reach too: which storages are in it, and which arrays are known.

    Tensors made of two arrays that overlap have two storages, and one of these.
    """

    def __init__(self, key, is_ours: bool):
        self.key = key  # kept alive, so that no other object gets its id
        self.is_ours = is_ours  # a tensor's own, of which only views were handed out
        self.storages: dict[int, weakref.ref[Storage]] = {}
        self.arrays: dict[int, weakref.ref[np.ndarray]] = {}
        self.locked: dict[int, weakref.ref[np.ndarray]] = {}  # those of them that were writable, and will be again

    def know(self, array: np.ndarray) -> None:
        """Lock ``array`` from now on whenever a tape needs what it shows: now, perhaps."""
        reference = weakref.ref(array, _forgetting(id(array), self.arrays, self.locked))
        self.arrays.setdefault(id(array), reference)
        if self._is_needed(array):
            self._lock(array)

    def writable_view(self, array: np.ndarray) -> np.ndarray | None:
        """Return a writable view of the same elements, or None if ``array`` is not one that only we made read-only."""
        if array.flags.writeable:
            return np.asarray(array).view()
        if id(array) in self.locked:
            for storage in self._present():
                if _is_same(storage.extent, array):
                    return storage.extent.view()
        return None

    def can_unlock(self, array: np.ndarray, bottom: np.ndarray) -> bool:
        """Tell whether NumPy would make ``array`` writable again: whether it is, below the array itself."""
        if bottom is not array and (bottom.flags.writeable or id(bottom) in self.locked):
            return True
        if id(array) in self.locked or (array.base is None and bottom is array):
            return True
        if bottom.base is None:
            return False
        try:
            return not memoryview(bottom.base).readonly
        except TypeError:  # no buffer: PyTorch's, say
            return False

    def update(self) -> None:
        """Lock what is needed, and unlock what is not any more: a whole before its parts, or NumPy refuses."""
        arrays = [array for array in (reference() for reference in list(self.arrays.values())) if array is not None]
        for array in sorted(arrays, key=_depth):
            if self._is_needed(array):
                self._lock(array)
            elif id(array) in self.locked:
                try:
                    array.flags.writeable = True
                except ValueError:  # a part of an array that is still needed: its turn comes when that is unlocked
                    continue
                self.locked.pop(id(array), None)

    def _lock(self, array: np.ndarray) -> None:
        if array.flags.writeable:
            array.flags.writeable = False
            self.locked[id(array)] = self.arrays[id(array)]

    def _is_needed(self, array: np.ndarray) -> bool:
        return any(storage.locks and _overlap(storage.extent, array) for storage in self._present())

    def _present(self) -> list[Storage]:
        storages = (reference() for reference in list(self.storages.values()))
        return [storage for storage in storages if storage is not None]

    def count(self, writer: Storage, array: np.ndarray) -> None:
        """Count a change of ``array``, which ``writer`` has counted, for the other storages that it concerns."""
        if len(self.storages) > 1:
            for storage in self._present():
                if storage is not writer and _overlap(storage.extent, array):
                    storage.version += 1


# What is written about memory is about the one memory of the process: two tensors find out here that they overlap.
_memories: weakref.WeakValueDictionary[int, Memory] = weakref.WeakValueDictionary()
_changing = threading.RLock()  # counters and flags change together; may be entered again, by a graph that dies inside


def lock(storages: list[Storage]) -> None:
    """Another recorded operation needs the values of these; one that is named twice, twice."""
    with _changing:
        for storage in storages:
            storage.locks += 1
            if storage.locks == 1 and storage.memory is not None:
                storage.memory.update()


def unlock(storages: list[Storage]) -> None:
    """One recorded operation less needs the values of these."""
    with _changing:
        for storage in storages:
            storage.locks -= 1
            if storage.locks == 0 and storage.memory is not None:
                storage.memory.update()


def _memory(key, is_ours: bool) -> Memory:
    memory = _memories.get(id(key))
    if memory is None:
        memory = _memories[id(key)] = Memory(key, is_ours)
    return memory


def _bottom(array: np.ndarray) -> tuple[np.ndarray, object]:
    """Return the array that ``array`` is a part of, perhaps itself, and the object whose memory that is."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    key = array.base
    if isinstance(key, memoryview):
        key = key.obj
    return array, array if key is None else key


def _depth(array: np.ndarray) -> int:
    depth = 0
    while isinstance(array.base, np.ndarray):
        array, depth = array.base, depth + 1
    return depth


def _overlap(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two arrays have an element in common; two that are woven in a hard pattern count as if they had."""
    if not np.may_share_memory(first, second):
        return False
    try:
        return np.shares_memory(first, second, max_work=WORK)
    except RuntimeError:  # NumPy's TooHardError
        return True


def _is_same(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two arrays have the same elements at the same places."""
    where = [(a.__array_interface__["data"][0], a.shape, a.strides, a.dtype) for a in (first, second)]
    return where[0] == where[1] and first.flags.writeable


def _forgetting(key: int, *dictionaries: dict):
    """Make what a weak reference calls when its object is gone."""

    def forget(_) -> None:
        for dictionary in dictionaries:
            dictionary.pop(key, None)

    return forget
