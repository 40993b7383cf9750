"""What the fuzzer knows about one public operation, and the same call in minidet, in NumPy and in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import minidet
from minidet import Tensor, nn, ops
from minidet.nn import functional as F

from .array import Array

try:
    import torch
except ImportError:
    torch = None


@dataclass(frozen=True)
class Operation:
    """One public operation.

    ``draw`` takes a Draw and returns the arguments: a tuple, and a dict. ``reference`` takes the same arguments, with
    NumPy's arrays, and returns arrays. ``torch`` says where PyTorch's twin is: by the name ("twin"), a function, or
    None. ``call`` where it is not simply the public function that is called (a layer has to be built first).
    """

    name: str
    draw: Callable
    reference: Callable
    torch: Callable | str | None = "twin"
    call: Callable | None = None
    steps: bool = False  # jumps: float32 may lie on the other side of a step than the float64 reference
    own_nan: bool = False  # gradients at NaN and infinity are ours, not PyTorch's: they are not compared
    loose: float = 1.0  # times the tolerance: for functions that amplify rounding

    def minidet(self, *args, **kwargs):
        """Call it in minidet."""
        return (self.call or found(self.name, minidet, F, Tensor, nn))(*args, **kwargs)

    def has_twin(self) -> bool:
        """Tell whether PyTorch is there, and has this operation."""
        return torch is not None and self.torch is not None

    def pytorch(self, *args, **kwargs):
        """Call PyTorch's twin."""
        if callable(self.torch):
            return self.torch(*args, **kwargs)
        return found(self.name, torch, torch.nn.functional, torch.Tensor, torch.nn)(*args, **kwargs)


def found(name: str, library, functional, tensor, layers):
    """Return the function of a public name."""
    place, _, last = name.partition(".")
    owner = {"minidet": library, "F": functional, "Tensor": tensor, "nn": layers, "ops": ops}[place]
    return getattr(owner, last)


def replaced(value, change: Callable):
    """Return arguments with every Array in them replaced, in tuples, lists and dicts too."""
    if isinstance(value, Array):
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)(replaced(item, change) for item in value)
    if isinstance(value, dict):
        return {key: replaced(item, change) for key, item in value.items()}
    return value


def arrays_of(value) -> list[Array]:
    """Return all Arrays in some arguments, from left to right."""
    found_: list[Array] = []
    replaced(value, found_.append)
    return found_


def as_tuple(result) -> tuple:
    """Return one or several results as a tuple of arrays, tensors or numbers."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def is_float(array) -> bool:
    """Tell whether something has floats in it."""
    return np.asarray(array).dtype.kind == "f"
