"""Layers that compute nothing."""

from __future__ import annotations

from ...autograd.operations.shape import flatten
from ..module import Module


class Flatten(Module):
    """Join the axes ``start_dim`` to ``end_dim`` into one: (N, C, H, W) to (N, C * H * W).

    Parameters
    ----------
    start_dim, end_dim : int
        First and last axis to join.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input):
        return flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """Return the input. Any arguments are accepted and ignored, so that it can stand in for any layer."""

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input
