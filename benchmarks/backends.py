"""minidet and PyTorch behind the same few names, for ``benchmarks.cases``. A process imports one of them."""

from __future__ import annotations

import importlib

import numpy as np


class Minidet:
    """The library that is measured."""

    name = "minidet"

    def __init__(self):
        import minidet
        from minidet import nn, optim

        self._tensor, self._no_grad = minidet.tensor, minidet.no_grad
        self.nn, self.functional, self.optim = nn, nn.functional, optim
        self._rng = np.random.default_rng(0)

    @property
    def ops(self):
        """The operations of detection; what does not need them does not load them."""
        return importlib.import_module("minidet.ops")

    def array(self, values):
        """Make a tensor of an array."""
        return self._tensor(values)

    def random(self, shape, grad: bool = False):
        """Standard normal float32 values."""
        return self._tensor(self._rng.standard_normal(shape, np.float32), requires_grad=grad)

    def pictures(self, shape):
        """Uniform float32 values in [0, 1): what networks that normalise their input take."""
        return self._tensor(self._rng.random(shape, np.float32))

    def integers(self, high: int, shape):
        """Uniform int64 labels below ``high``."""
        return self._tensor(self._rng.integers(high, size=shape))

    def without_grad(self, function):
        """Run ``function`` without recording."""
        return self._no_grad()(function)

    def model_file(self, module: str):
        """The module that defines a model."""
        return importlib.import_module(f"minidet.{module}")


class Torch(Minidet):
    """The yardstick, in eager mode."""

    name = "torch"

    def __init__(self):
        import torch

        self._no_grad = torch.no_grad
        self._tensor = lambda array, requires_grad=False: torch.from_numpy(array).requires_grad_(requires_grad)
        self.nn, self.functional, self.optim = torch.nn, torch.nn.functional, torch.optim
        self._rng = np.random.default_rng(0)

    def model_file(self, module: str):
        """The same source on top of PyTorch."""
        from .torch_twin import twin

        return twin(module)


BACKENDS = {"minidet": Minidet, "torch": Torch}
