"""All rows of all tables, and how the generic tests call what a row is about."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

import minidet
from minidet import Tensor
from tests import table

from .row import Row, torch

NOT_TABLES = ("row", "collect", "watched")


def all_rows() -> list[Row]:
    """Return the rows of every module in this folder, with a check that no two have one id."""
    names = sorted(info.name for info in pkgutil.iter_modules(table.__path__) if info.name not in NOT_TABLES)
    rows = [row for name in names for row in importlib.import_module(f"{table.__name__}.{name}").ROWS]
    twice = [name for name, count in Counter(row.id for row in rows).items() if count > 1]
    assert not twice, f"rows need different variants: {twice}"
    return rows


ROWS = all_rows()


def over_rows(condition: Callable[[Row], bool] = lambda row: True):
    """Parametrize a test over the rows that meet a condition; the test's name shows the row's."""
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS if condition(row)])


def is_float(array) -> bool:
    """Tell whether something has floats in it, and so a gradient."""
    return array.dtype.kind == "f"


def as_arrays(values, dtype=None) -> list[np.ndarray]:
    """Return inputs as arrays; the floats in ``dtype``."""
    arrays = [np.asarray(value) for value in values]
    return [array.astype(dtype) if dtype is not None and is_float(array) else array for array in arrays]


def as_tensors(arrays, requires_grad: bool = True) -> list[Tensor]:
    """Wrap arrays without copying them; the floats require grad."""
    return [Tensor(array, requires_grad=requires_grad and is_float(array)) for array in arrays]


def as_tuple(result) -> tuple:
    """Return one or several results as a tuple."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


class Subject:
    """What a row is about: a function, or a module built anew; called with the same random numbers each time."""

    def __init__(self, row: Row, dtype=np.float64):
        self.row = row
        minidet.manual_seed(0)
        self.module = None if row.module is None else row.module().to(dtype)

    def __call__(self, *inputs) -> tuple:
        """Return the outputs as a tuple of tensors."""
        minidet.manual_seed(0)
        return as_tuple((self.row.call or self.module)(*inputs))

    def parameters(self) -> dict[str, Tensor]:
        """Return the module's parameters by name; {} for a function."""
        return {} if self.module is None else dict(self.module.named_parameters())

    def with_parameters(self, count: int) -> Callable:
        """Return a function of ``count`` inputs and then of all parameters: as gradcheck wants it."""

        def function(*args):
            for (name, _), value in zip(self.parameters().items(), args[count:], strict=True):
                *path, last = name.split(".")
                owner = self.module
                for part in path:
                    owner = owner._modules[part]
                owner._parameters[last] = value
            return self(*args[:count])

        return function


def cotangents(outputs) -> list[np.ndarray | None]:
    """Draw a gradient for every float output, the same each time; None for the others."""
    rng = np.random.default_rng(1)
    return [rng.standard_normal(out.shape).astype(out.dtype) if is_float(out) else None for out in outputs]


class LaidOut(minidet.autograd.Function):
    """The same numbers: their gradient arrives in another layout of memory, as behind a transposition."""

    @staticmethod
    def forward(ctx, x, layout):
        ctx.layout = layout
        return x.copy()

    @staticmethod
    def backward(ctx, grad):
        return ctx.layout(grad), None


def gradients(outputs, leaves, layout: Callable = np.asarray) -> list[np.ndarray]:
    """Send fixed cotangents back, laid out so, and return what arrives at the leaves (zeros where nothing does)."""
    for out, gradient in zip(outputs, cotangents(outputs), strict=True):
        if gradient is not None and out.requires_grad:
            LaidOut.apply(out, layout).backward(gradient, retain_graph=True)
    return [np.zeros(leaf.shape, leaf.dtype) if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]


def graph_of(outputs) -> set:
    """Return all recorded operations behind some tensors."""
    nodes, waiting = set(), [out.grad_fn for out in outputs if out.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        if node not in nodes:
            nodes.add(node)
            waiting += [edge[0] for edge in node.edges if edge is not None and not isinstance(edge[0], Tensor)]
    return nodes


def torch_outputs_and_gradients(row: Row, arrays, subject: Subject) -> tuple[list, dict]:
    """Do the same in PyTorch: outputs, and the gradients of inputs (by position) and parameters (by name)."""
    inputs = [torch().from_numpy(array.copy()).requires_grad_(is_float(array)) for array in arrays]
    call, parameters = row.torch, {}
    if row.torch_module is not None:
        call = row.torch_module().double()
        state = {
            name: torch().from_numpy(np.array(value.numpy())) for name, value in subject.module.state_dict().items()
        }
        call.load_state_dict(state)
        parameters = dict(call.named_parameters())
    outputs = as_tuple(call(*inputs))
    for out, gradient in zip(outputs, cotangents([out.detach().numpy() for out in outputs]), strict=True):
        if gradient is not None and out.requires_grad:
            out.backward(torch().from_numpy(gradient), retain_graph=True)
    leaves = {i: value for i, value in enumerate(inputs) if value.requires_grad} | parameters
    grads = {key: np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy() for key, leaf in leaves.items()}
    return [out.detach().numpy() for out in outputs], grads
