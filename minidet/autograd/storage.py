"""What tensors that share one memory know together: how often it was changed, and whether a tape needs it as it is."""

from __future__ import annotations

import weakref

import numpy as np

_waiting: list[weakref.ref[np.ndarray]] = []  # arrays that can only be unlocked after the array they are a part of


class Storage:
    """The version of a memory, and a lock on the arrays that were handed out of it.

    ``version`` counts the in-place changes. ``locks`` counts the recorded operations that need the values for their
    backward pass; while there are any, the arrays that ``Tensor.numpy()`` gave away are read-only.
    """

    # Defaults of the class: every result of an operation has a storage, and most are never changed or handed out.
    version = 0
    locks = 0
    views: list[weakref.ref[np.ndarray]] | tuple[()] = ()

    def hand_out(self, array: np.ndarray) -> np.ndarray:
        """Remember ``array`` as one that somebody outside may write to, and lock it if a tape needs it."""
        if array.flags.writeable:
            self.views = [view for view in self.views if view() is not None]
            self.views.append(weakref.ref(array))
            array.flags.writeable = not self.locks
        return array

    def lock(self) -> None:
        """Another recorded operation needs the values."""
        self.locks += 1
        if self.locks == 1 and self.views:
            self._set_writeable(False)

    def unlock(self) -> None:
        """One recorded operation less needs the values."""
        self.locks -= 1
        if self.locks == 0 and self.views:
            self._set_writeable(True)

    def _set_writeable(self, flag: bool) -> None:
        """Lock or unlock the arrays handed out. What NumPy does not let us unlock yet waits for the next unlocking."""
        views = self.views
        if flag and _waiting:
            views = [*views, *_waiting]
            _waiting.clear()
        for view in views:
            array = view()
            if array is None:
                continue
            try:
                array.flags.writeable = flag
            except ValueError:  # a part of a bigger array, which a tape still needs under the name of another tensor
                _waiting.append(view)
