"""What each module of a model was given, what it returned, and how long it took: through forward hooks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...autograd import Tensor

KEPT = 2  # calls that lie no deeper than this keep what they got and gave: all of a large network would fill memory
MOST = 4  # entries of a list that are described


@dataclass
class Call:
    """One call of a module.

    Attributes
    ----------
    name : str
        The module's path in the model; "" is the model.
    module : Module
    depth : int
        How many calls it lies in.
    takes, gives : str
        Shapes of the arguments, and of the result.
    seconds : float
        With all that was called inside.
    inner : list of Call
        What was called inside, in this order.
    args, result
        The arguments and the result; None for a call that lies deep inside.
    """

    name: str
    module: object
    depth: int
    takes: str
    gives: str = ""
    seconds: float = 0.0
    inner: list[Call] = field(default_factory=list)
    args: tuple | None = None
    result: object = None

    def walk(self):
        """Yield this call and all inside it, in the order in which they began."""
        yield self
        for call in self.inner:
            yield from call.walk()


def record(model, look: Callable):
    """Run ``look()``, which calls the model, and note what happens inside.

    Returns
    -------
    list of Call
        The calls of the model itself.
    object
        What ``look`` returned.
    """
    calls, open_calls, started = [], [], []

    def begin(name: str):
        def hook(module, args):
            depth = len(open_calls)
            call = Call(name, module, depth, ", ".join(shape_of(value) for value in args))
            call.args = args if depth <= KEPT else None
            (open_calls[-1].inner if open_calls else calls).append(call)
            open_calls.append(call)
            started.append(time.perf_counter())

        return hook

    def end(module, args, result) -> None:
        seconds = time.perf_counter() - started.pop()
        call = open_calls.pop()
        call.seconds, call.gives = seconds, shape_of(result)
        call.result = result if call.depth <= KEPT else None

    handles = []
    try:
        for name, module in model.named_modules():
            handles += [module.register_forward_pre_hook(begin(name)), module.register_forward_hook(end)]
        seen = look()
    finally:
        for handle in handles:
            handle.remove()
    return calls, seen


def shape_of(value) -> str:
    """Describe what goes into a module or comes out of it: shapes, in the containers that they are in."""
    if isinstance(value, (Tensor, np.ndarray)):
        return str(tuple(value.shape))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shape_of(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        more = [f"... {len(value)} in all"] if len(value) > MOST else []
        return "[" + ", ".join([shape_of(part) for part in value[:MOST]] + more) + "]"
    if isinstance(value, (bool, int, float, str, type(None))):
        return repr(value)[:40]
    return type(value).__name__
