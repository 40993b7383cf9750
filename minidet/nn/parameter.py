"""The tensors that training changes."""

from __future__ import annotations

import copy

from ..autograd.tensor import Tensor, wrap


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
