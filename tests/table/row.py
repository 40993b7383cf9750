"""One row of the table of operations: everything that the generic tests need to know about one public operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import minidet


@dataclass(frozen=True)
class Bad:
    """A call that has to raise ``error`` with a message that contains ``message`` (a regular expression)."""

    call: Callable[[], object]
    error: type[Exception] | tuple[type[Exception], ...]
    message: str


@dataclass(frozen=True)
class Row:
    """One operation with one choice of options; see the fields.

    Inputs are float64 arrays (differentiated) and integer or boolean arrays (passed as they are).
    """

    name: str  # the public name: "minidet.exp", "F.conv2d", "nn.Conv2d"
    call: Callable | None  # Tensors in, Tensor or tuple of Tensors out; for an nn row with `module`, leave None
    inputs: Callable[[np.random.Generator], list]  # away from kinks, ties and poles
    # ndarrays in, ndarray(s) out, in plain NumPy: never the code under test. For a row with `module` it may take one
    # argument more, the state_dict as ndarrays.
    reference: Callable | None = None
    torch: Callable | None = None  # the same call on torch tensors; use torch() below
    variant: str = ""
    empty: Callable[[np.random.Generator], list] | None = None  # inputs with a zero-size batch
    bad: tuple[Bad, ...] = ()
    module: Callable | None = None  # builds the layer: its parameters are checked too
    torch_module: Callable | None = None  # builds torch's twin: the state_dict is copied over
    differentiable: bool = True
    # the cotangent and the inputs, as ndarrays -> the gradient of every float input, in plain NumPy. For inputs at kinks,
    # ties, poles or NaN, where finite differences say nothing: such a row is compared with this instead.
    gradients: Callable | None = None
    functions: tuple = ()  # Function classes to plant mistakes in; found through grad_fn where empty

    @property
    def smooth(self) -> bool:
        """Whether finite differences are the judge of its gradients."""
        return self.differentiable and self.gradients is None

    @property
    def id(self) -> str:
        """The name in the test report."""
        return f"{self.name} [{self.variant}]" if self.variant else self.name


def both(call: Callable) -> dict:
    """Give ``call(library, *tensors)`` to minidet and to torch: where the same line means the same in both.

    >>> Row("minidet.exp", **both(lambda lib, x: lib.exp(x)), ...)
    """
    return {"call": lambda *xs: call(minidet, *xs), "torch": lambda *xs: call(torch(), *xs)}


def torch():
    """Import torch when a test asks for it: the suite runs without."""
    import torch as module

    return module


def distinct(rng: np.random.Generator, shape, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Draw values that are all at least (high - low) / size apart: no ties for max and sort."""
    size = int(np.prod(shape))
    return (low + (high - low) * (rng.permutation(size) + 0.5) / max(size, 1)).reshape(shape)


def away_from(rng: np.random.Generator, shape, *kinks: float, low=-2.0, high=2.0, gap: float = 0.05) -> np.ndarray:
    """Draw uniform values, none closer than ``gap`` to a kink."""
    values = rng.uniform(low, high, shape)
    for kink in kinks:
        near = np.abs(values - kink) < gap
        values = np.where(near, kink + np.where(values < kink, -2 * gap, 2 * gap), values)
    return values
