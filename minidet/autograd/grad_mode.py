"""Whether operations are being recorded on the tape, per thread."""

from __future__ import annotations

import contextlib
import threading


class _GradMode(threading.local):
    enabled = True


mode = _GradMode()


def is_grad_enabled() -> bool:
    """Tell whether operations on tensors that require gradients are recorded."""
    return mode.enabled


class set_grad_enabled(contextlib.ContextDecorator):
    """Switch recording on or off, inside a ``with`` block or a decorated function."""

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


class no_grad(set_grad_enabled):
    """Compute without recording: no memory is kept for a backward pass."""

    def __init__(self):
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """Record again, inside :class:`no_grad`."""

    def __init__(self):
        super().__init__(True)
