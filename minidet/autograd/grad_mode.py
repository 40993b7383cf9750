"""Whether operations are being recorded on the tape, per thread."""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading


class _GradMode(threading.local):
    enabled = True


mode = _GradMode()


def is_grad_enabled() -> bool:
    """Tell whether operations on tensors that require gradients are recorded."""
    return mode.enabled


def _set(enabled: bool) -> None:
    mode.enabled = enabled


class _Switch(contextlib.ContextDecorator):
    """Recording on or off, inside a ``with`` block or a decorated function."""

    def __init__(self, enabled: bool):
        self.enabled = bool(enabled)
        self.before: list[bool] = []

    def __enter__(self):
        self.before.append(mode.enabled)
        mode.enabled = self.enabled
        return self

    def __exit__(self, *exc_info):
        mode.enabled = self.before.pop()
        return False

    def __call__(self, function):
        if not inspect.isgeneratorfunction(function):
            return super().__call__(function)

        @functools.wraps(function)
        def generator(*args, **kwargs):  # switched while the function works, not while its caller does
            steps, value = function(*args, **kwargs), None
            while True:
                with self:
                    try:
                        result = steps.send(value)
                    except StopIteration as stop:
                        return stop.value
                value = yield result

        return generator


class set_grad_enabled(contextlib.AbstractContextManager):
    """Switch recording on or off: from now on, or inside a ``with`` block or a decorated function."""

    def __init__(self, mode: bool):
        self.enabled, self.before = bool(mode), is_grad_enabled()
        _set(self.enabled)

    def __exit__(self, *exc_info):
        _set(self.before)
        return False

    def __call__(self, function):
        _set(self.before)
        return _Switch(self.enabled)(function)


class _Plain(_Switch):
    """A switch without arguments, so that ``@no_grad`` may stand above a function without brackets."""

    def __new__(cls, function=None):
        return super().__new__(cls) if function is None else cls()(function)


class no_grad(_Plain):
    """Compute without recording: no memory is kept for a backward pass."""

    def __init__(self):
        super().__init__(False)


class enable_grad(_Plain):
    """Record again, inside :class:`no_grad`."""

    def __init__(self):
        super().__init__(True)
