"""Memory for intermediate results, kept from call to call: fresh pages cost more than writing to them."""

import threading

import numpy as np

_kept = threading.local()


def take(name, size, dtype):
    """Return this thread's uninitialised buffer ``name`` of at least ``size`` elements.

    A kernel takes what it needs when it starts and has forgotten it when it returns: nothing of it may be handed out.
    """
    key = (name, np.dtype(dtype).char)
    buffer = _kept.__dict__.get(key)
    if buffer is None or buffer.size < size:
        buffer = _kept.__dict__[key] = np.empty(size, dtype)
    return buffer
