"""Infinity and NaN are results, as in PyTorch: NumPy's warnings of them are switched off while an operation runs.

``np.errstate`` does it by setting a context variable, and takes ten times as long as that: longer than a small
operation. So the variable is looked up once, and set directly.
"""

from __future__ import annotations

import contextvars
import functools

import numpy as np


class _Errstate:
    """Has the methods of the variable, for a NumPy that keeps none."""

    def set(self, value) -> np.errstate:
        state = np.errstate(all=value)
        state.__enter__()
        return state

    def reset(self, state: np.errstate) -> None:
        state.__exit__(None, None, None)


def _find():
    """Return the variable, and the value that it has where everything is ignored."""
    with np.errstate(all="ignore"):
        for variable, value in contextvars.copy_context().items():
            if variable.name == "numpy.ufunc.extobj":
                return variable, value
    return _Errstate(), "ignore"


reaction, IGNORE = _find()
ignore = functools.partial(reaction.set, IGNORE)  # returns what `restore` needs
restore = reaction.reset


class quiet:
    """A ``with`` block without warnings of overflow, of division by zero and of invalid values."""

    __slots__ = ("_before",)

    def __enter__(self):
        self._before = ignore()
        return self

    def __exit__(self, *exc_info):
        restore(self._before)
        return False
