"""Whether operations are being recorded on the tape, per thread.

What a switch has to put back afterwards is kept by each call of a decorated function, and by each ``with`` block in its
thread; never by the decorator, which all callers share.
"""

from __future__ import annotations

import functools
import inspect
import threading
import types

import numpy as np

from ..errors import bad_argument, shown


class _GradMode(threading.local):
    enabled = True


mode = _GradMode()


def is_grad_enabled() -> bool:
    """Tell whether operations on tensors that require gradients are recorded."""
    return mode.enabled


class _Step:
    """A ``with`` block for one call, or for one step of a generator."""

    __slots__ = ("before", "enabled")

    def __init__(self, enabled: bool):
        self.enabled = enabled

    def __enter__(self):
        self.before, mode.enabled = mode.enabled, self.enabled

    def __exit__(self, *exc_info):
        mode.enabled = self.before


def _drive(steps, enabled: bool):
    """Run a generator or a coroutine, switched while it works and not while its caller does.

    What the caller sends or throws in, and that it closes, goes on to ``steps``.
    """
    try:
        with _Step(enabled):
            result = steps.send(None)
        while True:
            try:
                sent = yield result
            except GeneratorExit:
                with _Step(enabled):
                    steps.close()
                raise
            except BaseException as error:  # noqa: BLE001 (passed on)
                with _Step(enabled):
                    result = steps.throw(error)
            else:
                with _Step(enabled):
                    result = steps.send(sent)
    except StopIteration as stop:
        return stop.value


_await = types.coroutine(_drive)


def _switched_async(function, enabled: bool):
    """Do for an asynchronous generator what :func:`_drive` does: each of its steps is a coroutine."""

    async def switched(*args, **kwargs):
        """Hand on what is sent and thrown, with recording switched in each step of ``function``."""
        steps = function(*args, **kwargs)
        try:
            result = await _await(steps.asend(None), enabled)
            while True:
                try:
                    sent = yield result
                except GeneratorExit:
                    await _await(steps.aclose(), enabled)
                    raise
                except BaseException as error:  # noqa: BLE001 (passed on)
                    result = await _await(steps.athrow(error), enabled)
                else:
                    result = await _await(steps.asend(sent), enabled)
        except StopAsyncIteration:
            return

    return switched


def _decorate(op: str, enabled: bool, function):
    """Return ``function``, with recording switched in each of its calls."""
    if isinstance(function, type) or not callable(function):
        was = f"is the class {function.__name__}" if isinstance(function, type) else f"is {shown(function)}"
        raise bad_argument(op, "function", was, "a function", "decorate a class's methods", TypeError)
    if inspect.isgeneratorfunction(function):

        def switched(*args, **kwargs):
            return (yield from _drive(function(*args, **kwargs), enabled))

    elif inspect.iscoroutinefunction(function):

        async def switched(*args, **kwargs):
            return await _await(function(*args, **kwargs), enabled)

    elif inspect.isasyncgenfunction(function):
        switched = _switched_async(function, enabled)

    else:

        def switched(*args, **kwargs):
            with _Step(enabled):
                return function(*args, **kwargs)

    return functools.wraps(function)(switched)


class _Switch:
    """Recording on or off, inside a ``with`` block or a decorated function.

    One object may be used many times, in blocks inside each other and in several threads.
    """

    def __init__(self, enabled: bool):
        self.enabled = enabled
        self._before: dict[int, list[bool]] = {}  # of each thread: what to put back, the innermost block's last

    def __enter__(self):
        self._before.setdefault(threading.get_ident(), []).append(mode.enabled)
        mode.enabled = self.enabled
        return self

    def __exit__(self, *exc_info):
        thread = threading.get_ident()
        before = self._before.get(thread)
        if before:  # else a generator that is closed in another thread: there is nothing to put back here
            mode.enabled = before.pop()
            if not before:
                del self._before[thread]
        return False

    def __call__(self, function):
        return _decorate(type(self).__name__, self.enabled, function)


class set_grad_enabled(_Switch):
    """Switch recording on or off: from now on, or inside a ``with`` block or a decorated function.

    Parameters
    ----------
    mode : bool
    """

    def __init__(self, mode: bool):
        if not isinstance(mode, (bool, np.bool_)):
            raise bad_argument("set_grad_enabled", "mode", f"is {shown(mode)}", "True or False", error=TypeError)
        super().__init__(bool(mode))
        self._pending = threading.get_ident()  # switched in this thread, and no block or function has taken it over yet
        super().__enter__()

    def __enter__(self):
        if self._pending != threading.get_ident():
            return super().__enter__()
        self._pending = None
        mode.enabled = self.enabled
        return self

    def __call__(self, function):
        if self._pending == threading.get_ident():
            self._pending = None
            super().__exit__()
        return super().__call__(function)


class _Plain(_Switch):
    """A switch without arguments, so that ``@no_grad`` may stand above a function without brackets."""

    def __new__(cls, function=None):
        return super().__new__(cls) if function is None else cls()(function)


class no_grad(_Plain):
    """Compute without recording: no memory is kept for a backward pass.

    Above an ``async`` function it is at work while that function runs, not while another task does. A ``with`` block
    in one holds for its whole thread: no ``await`` inside.
    """

    def __init__(self):
        super().__init__(False)


class enable_grad(_Plain):
    """Record again, inside :class:`no_grad`."""

    def __init__(self):
        super().__init__(True)
