"""A table of a network's layers: what each returns, and how many numbers it learns."""

from __future__ import annotations

import numpy as np

from ..autograd.grad_mode import no_grad
from ..autograd.tensor import Tensor, wrap


def summarize(module, inputs: tuple) -> str:
    """Run ``module`` once in eval mode, without the tape, and tabulate its layers in the order of their names.

    A layer that was not called has no shape; one that was called several times shows its last.
    """
    layers = dict(module.named_modules())
    shapes: dict[int, str] = {}
    modes = {layer: layer.training for layer in layers.values()}
    handles = [
        layer.register_forward_hook(lambda called, args, output: shapes.__setitem__(id(called), _describe(output)))
        for layer in layers.values()
    ]
    try:
        module.eval()
        with no_grad():
            module(*[_example(value, module) for value in inputs])
    finally:
        for handle in handles:
            handle.remove()
        for layer, mode in modes.items():
            layer.training = mode
    return _table(layers, shapes, list(module.parameters()))


def _example(value, module):
    """Make zeros of a shape, in the precision of the parameters; anything else is an input already."""
    if isinstance(value, tuple) and value and all(isinstance(length, (int, np.integer)) for length in value):
        dtype = next((param.dtype for param in module.parameters()), np.float32)
        return wrap(np.zeros(value, dtype))
    return value


def _describe(output) -> str:
    if isinstance(output, Tensor):
        return str(output.shape)
    if isinstance(output, dict):
        return "{" + ", ".join(f"{key}: {_describe(value)}" for key, value in output.items()) + "}"
    if isinstance(output, (list, tuple)):
        return "[" + ", ".join(_describe(value) for value in output) + "]"
    return type(output).__name__


def _table(layers: dict, shapes: dict[int, str], parameters: list) -> str:
    """Write one line for each layer, indented by its depth, in columns as wide as their widest entry; then the sums."""
    rows = [("layer", "output shape", "parameters")]
    for path, layer in layers.items():
        depth = path.count(".") + 1 if path else 0
        name = f"{'  ' * depth}{path.rsplit('.', 1)[-1]} {type(layer).__name__}" if path else type(layer).__name__
        own = sum(param.numel() for param in layer.parameters(recurse=False))
        rows.append((name, shapes.get(id(layer), "-"), f"{own:,}" if own else "-"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}".rstrip() for a, b, c in rows]
    rule = "-" * (sum(widths) + 4)
    total = sum(param.numel() for param in parameters)
    trained = sum(param.numel() for param in parameters if param.requires_grad)
    return "\n".join([lines[0], rule, *lines[1:], rule, f"parameters: {total:,}, of which trained: {trained:,}"])
