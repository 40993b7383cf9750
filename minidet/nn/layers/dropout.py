"""Dropout layers: at work in training, the identity in evaluation."""

from __future__ import annotations

import numpy as np

from ...errors import number
from .. import functional as F
from ..module import Module


class Dropout(Module):
    """Set each element to 0 with probability ``p``, and divide by ``1 - p`` otherwise (Srivastava et al., 2014).

    Parameters
    ----------
    p : float
        In [0, 1].
    inplace : bool
        Accepted for PyTorch's sake; the result is a new tensor all the same.
    rng : numpy.random.Generator, optional
        Source of the zeros; :func:`minidet.manual_seed`'s by default.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False, *, rng: np.random.Generator | None = None):
        super().__init__()
        self.p = number(type(self).__name__, "p", p, 0, 1)
        self.inplace = inplace
        self.rng = rng

    def forward(self, input):
        return F.dropout(input, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout2d(Dropout):
    """Set whole channels of (N, C, H, W) to 0; arguments as in :class:`Dropout`."""

    def forward(self, input):
        return F.dropout2d(input, self.p, self.training, rng=self.rng)
