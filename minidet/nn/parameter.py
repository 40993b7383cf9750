"""The tensors that training changes."""

from __future__ import annotations

import contextlib
import contextvars
import copy
from collections.abc import Iterator

from ..autograd.tensor import Tensor, wrap
from ..errors import bad_argument, integer

_room: contextvars.ContextVar[list | None] = contextvars.ContextVar("room", default=None)


class Parameter(Tensor):
    """A tensor that a :class:`~minidet.nn.Module` lists as its own when it is assigned to an attribute.

    Parameters
    ----------
    data : Tensor or ndarray
        The initial values; the memory is shared. Float, if ``requires_grad``.
    requires_grad : bool
        Whether ``backward()`` fills ``grad``. True, unlike a plain tensor's.
    """

    __slots__ = ()

    def __init__(self, data, requires_grad: bool = True):
        super().__init__(data)
        room = _room.get()
        if room is not None:
            room[0] -= self.numel()
            if room[0] < 0:
                why = "the description of the network asks for more than the file of its weights holds"
                raise bad_argument("Parameter", "data", f"has shape {self.shape}", "a smaller network", why)
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict) -> Parameter:
        twin = Parameter(wrap(self._array.copy()), self.requires_grad)
        twin.grad = copy.deepcopy(self.grad, memo)
        memo[id(self)] = twin
        return twin

    def __reduce__(self):
        return Parameter, (self._array.copy(), self.requires_grad)


@contextlib.contextmanager
def at_most(count: int) -> Iterator[None]:
    """Within this context, in this thread, parameters that are made hold at most ``count`` numbers together.

    For networks whose sizes come from a file: a wrong one is found before its memory is touched.
    """
    token = _room.set([integer("at_most", "count", count)])
    try:
        yield
    finally:
        _room.reset(token)


@contextlib.contextmanager
def uncounted() -> Iterator[None]:
    """Within this context, :func:`at_most` counts nothing: for a network of known size, most of which is not kept."""
    token = _room.set(None)
    try:
        yield
    finally:
        _room.reset(token)
