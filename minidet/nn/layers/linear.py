"""The fully connected layer."""

from __future__ import annotations

import math

import numpy as np

from ...autograd.tensor import wrap
from ...errors import check_room, flag, integer
from ...random import generator
from .. import init
from ..functional.linear import linear
from ..module import Module
from ..parameter import Parameter


class Linear(Module):
    """``out[..., f] = bias[f] + sum over c of input[..., c] * weight[f, c]``: (..., C) to (..., F).

    Parameters
    ----------
    in_features, out_features : int
        C and F.
    bias : bool
        Whether a bias is added.
    rng : numpy.random.Generator, optional
        Source of the initial values, U(-r, r) with r = 1 / sqrt(C).

    Attributes
    ----------
    weight : Parameter
        (F, C).
    bias : Parameter or None
        (F,).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *,
                 rng: np.random.Generator | None = None):  # fmt: skip
        super().__init__()
        self.in_features = integer("Linear", "in_features", in_features, 1)
        self.out_features = integer("Linear", "out_features", out_features, 1)
        bias = flag("Linear", "bias", bias)
        check_room("Linear", "in_features", f"is {in_features}", out_features, in_features)
        self.weight = Parameter(wrap(np.empty((out_features, in_features), np.float32)))
        self.register_parameter("bias", Parameter(wrap(np.empty(out_features, np.float32))) if bias else None)
        self.reset_parameters(generator(rng, "Linear"))

    def reset_parameters(self, rng: np.random.Generator | None = None) -> None:
        """Draw new initial values."""
        init.kaiming_uniform_(self.weight, math.sqrt(5.0), rng=rng)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features)
            init.uniform_(self.bias, -bound, bound, rng=rng)

    def forward(self, input):
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
