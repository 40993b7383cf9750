"""Functions that a user hangs on a tensor or a module, and the handle that takes them away again."""

from __future__ import annotations

import itertools

from ..errors import bad_argument, shown

_ids = itertools.count()


class HookHandle:
    """Remember one hook in a dictionary of hooks; :meth:`remove` forgets it."""

    def __init__(self, hooks: dict, hook):
        if not callable(hook):
            raise bad_argument("register_hook", "hook", f"is {shown(hook)}", "a function", error=TypeError)
        self._hooks = hooks
        self._id = next(_ids)
        hooks[self._id] = hook

    def remove(self) -> None:
        """Take the hook away. Twice is no error."""
        self._hooks.pop(self._id, None)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.remove()
        return False
