"""What flows through a network: each layer's values and gradients for one input, as a table.

Means that run away or shrink from row to row, layers that are all 0, gradients that die on the way down: most reasons
why a network does not learn show here before the first epoch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import random
from ..autograd import Tensor, enable_grad
from ..autograd.as_array import shortened
from ..errors import bad_argument
from ..nn import Module
from .page import COLOURS, INK, points

COLUMNS = ("layer", "kind", "output shape", "mean", "min", "max", "|dL/d output|", "|dL/d weights|")
WORDS = 3  # so many columns hold words, the others numbers
ROW_HEIGHT, LETTERS = 15.0, 8.0  # points
GAP = 14.0  # points between columns


class LayerRow(NamedTuple):
    """One call of one layer.

    Attributes
    ----------
    name, kind : str
        As in ``named_modules()``, and the class.
    shape : tuple of int
        Of the output.
    mean, min, max : float
        Of the output's values; NaN if it has none.
    grad_norm : float or None
        Euclidean norm of d(loss)/d(output); None where no gradient came.
    weight_grad_norm : float or None
        The same for all parameters of this layer together; None if it has none, or none is trained.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    mean: float
    min: float
    max: float
    grad_norm: float | None
    weight_grad_norm: float | None


def layer_table(module: Module, *inputs, loss=None) -> list[LayerRow]:
    """Run a network once, forward and backward, and describe what each layer returned.

    Layers are the modules that contain no others, in the order of their calls: one that is called twice has two rows.
    The network runs in the mode that it is in (``train()`` or ``eval()``). Running statistics, gradients and the random
    numbers are afterwards what they were before.

    Parameters
    ----------
    module : Module
    *inputs : Tensor or ndarray
        What its ``forward`` takes.
    loss : callable, optional
        ``loss(result)`` returns a scalar tensor, for example ``lambda scores: F.cross_entropy(scores, labels)``. The
        default is the mean of the squares of the result, which has to be a tensor then.

    Returns
    -------
    list of LayerRow
        ``print(format_layers(rows))`` shows it, :func:`draw_layers` draws it.
    """
    if not isinstance(module, Module):
        raise bad_argument("layer_table", "module", f"is a {type(module).__name__}", "a Module", error=TypeError)
    if loss is not None and not callable(loss):
        was = f"is a {type(loss).__name__}"
        raise bad_argument("layer_table", "loss", was, "a function of the result, or None", error=TypeError)
    names = {layer: name for name, layer in module.named_modules() if not any(True for _ in layer.children())}
    calls: list[dict] = []
    handles = [layer.register_forward_hook(_recorder(name, calls)) for layer, name in names.items()]
    parameters = list(module.parameters())
    before = [(param, param.grad) for param in parameters]
    buffers = [(buffer, buffer._array.copy()) for buffer in module.buffers()]
    numbers = random.get_rng_state()
    try:
        for param in parameters:
            param.grad = None
        with enable_grad():
            result = module(*[value if isinstance(value, Tensor) else Tensor(value) for value in inputs])
            value = _loss_of(result, loss)
        if value.requires_grad:
            value.backward()
        return [_row(call) for call in calls]
    finally:
        for handle in handles:
            handle.remove()
        for param, grad in before:
            param.grad = grad
        for buffer, values in buffers:
            buffer._write_array()[...] = values
        random.set_rng_state(numbers)


def _recorder(name: str, calls: list[dict]):
    """Return a forward hook that notes the output of one layer, and asks for its gradient."""

    def note(layer, args, output) -> None:
        first = output[0] if isinstance(output, tuple) and output else output
        if not isinstance(first, Tensor):
            return
        call = {"name": name, "layer": layer, "values": _statistics(first._array), "shape": first.shape, "grad": None}
        if first.requires_grad:
            first.register_hook(lambda grad: call.update(grad=_norm([grad._array])))
        calls.append(call)

    return note


def _statistics(values: np.ndarray) -> tuple[float, float, float]:
    """Return mean, min and max, without a warning where values are infinite."""
    if not values.size:
        return (float("nan"),) * 3
    with np.errstate(all="ignore"):
        return float(values.mean(dtype=np.float64)), float(values.min()), float(values.max())


def _norm(arrays: list[np.ndarray]) -> float:
    with np.errstate(all="ignore"):
        return float(np.sqrt(sum(np.square(array, dtype=np.float64).sum() for array in arrays)))


def _loss_of(result, loss) -> Tensor:
    """Return the scalar that is differentiated."""
    if loss is None:
        if not isinstance(result, Tensor):
            why = f"the network returned a {type(result).__name__}"
            raise bad_argument("layer_table", "loss", "is None", "a function of the result", why, TypeError)
        return (result * result).mean()
    value = loss(result)
    if not isinstance(value, Tensor) or value.numel() != 1:
        was = f"has shape {value.shape}" if isinstance(value, Tensor) else f"is a {type(value).__name__}"
        raise bad_argument("layer_table", "the loss", was, "a tensor of one number")
    return value


def _row(call: dict) -> LayerRow:
    layer = call["layer"]
    gradients = [param.grad._array for param in layer.parameters() if param.grad is not None]
    return LayerRow(call["name"] or type(layer).__name__, type(layer).__name__, call["shape"], *call["values"],
                    call["grad"], _norm(gradients) if gradients else None)  # fmt: skip


def _cells(op: str, rows: list[LayerRow]) -> list[tuple[str, ...]]:
    """Return the table as text, its head first."""
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, LayerRow) for row in rows):
        raise bad_argument(op, "rows", f"is {shortened(rows)}", "the list that layer_table returns", error=TypeError)
    table = [COLUMNS]
    for row in rows:
        figures = (row.mean, row.min, row.max, row.grad_norm, row.weight_grad_norm)
        table.append((row.name, row.kind, str(row.shape), *("-" if x is None else f"{x:.3g}" for x in figures)))
    return table


def format_layers(rows: list[LayerRow]) -> str:
    """Return the rows of :func:`layer_table` as text, one line each."""
    table = _cells("format_layers", rows)
    widths = [max(len(line[i]) for line in table) for i in range(len(COLUMNS))]
    lines = []
    for line in table:
        words = [cell.ljust(width) for cell, width in zip(line[:WORDS], widths, strict=False)]
        figures = [cell.rjust(width) for cell, width in zip(line[WORDS:], widths[WORDS:], strict=True)]
        lines.append("  ".join(words + figures))
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])


def draw_layers(rows: list[LayerRow], ax=None):
    """Draw the rows of :func:`layer_table` as a table.

    Figures stand out where something is wrong: an output or a gradient that is all 0, and what is infinite or NaN.

    Parameters
    ----------
    rows : list of LayerRow
    ax : matplotlib.axes.Axes, optional
        Where to draw, as large as fits. New ones are as large as the table needs.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    table = _cells("draw_layers", rows)
    font = FontProperties(size=LETTERS, weight="bold")  # the head's; nothing is wider
    widths = [max(text_to_path.get_text_width_height_descent(line[i], font, ismath=False)[0] for line in table) + GAP
              for i in range(len(COLUMNS))]  # fmt: skip
    edges = np.cumsum([0.0, *widths])
    ax, scale = points("draw_layers", ax, edges[-1], ROW_HEIGHT * len(table))
    for number, line in enumerate(table):
        wrong = _wrong(rows[number - 1]) if number else set()
        for i, cell in enumerate(line):
            x, side = (edges[i] + GAP / 2, "left") if i < WORDS else (edges[i + 1] - GAP / 2, "right")
            ax.text(x, ROW_HEIGHT * (number + 0.5), cell, fontsize=LETTERS * scale, ha=side, va="center_baseline",
                    color=COLOURS[0] if COLUMNS[i] in wrong else INK,
                    weight="bold" if COLUMNS[i] in wrong or not number else "normal")  # fmt: skip
        if number % 2:
            ax.axhspan(ROW_HEIGHT * number, ROW_HEIGHT * (number + 1), color=INK, alpha=0.08, linewidth=0)
    ax.hlines([ROW_HEIGHT], 0, edges[-1], color=INK, linewidth=1.0 * scale)
    return ax


def _wrong(row: LayerRow) -> set[str]:
    """Return the columns whose figures show that something is wrong."""
    figures = dict(zip(COLUMNS[WORDS:], row[WORDS:], strict=True))
    wrong = {column for column, value in figures.items() if value is not None and not np.isfinite(value)}
    wrong |= {column for column in ("|dL/d output|", "|dL/d weights|") if figures[column] == 0}
    return wrong | ({"mean", "min", "max"} if row.min == row.max == 0 else set())
