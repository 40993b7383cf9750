"""x[...] as in PyTorch: slices give views, index tensors and masks give copies; and gather."""

from __future__ import annotations

import math
import operator

import numpy as np

from ...errors import bad_argument, check_index_range, check_integer, shown
from ..from_data import read_tensor
from ..function import Function
from ..sums import SHORT
from ..tensor import Tensor, wrap
from .axes import one_axis
from .promotion import checked_tensor


class Slice(Function):
    """Integers, slices, None and ...: a view. The gradient is put back among zeros."""

    @staticmethod
    def forward(ctx, x, index):
        ctx.shape, ctx.index = x.shape, index
        return x[index]

    @staticmethod
    def backward(ctx, grad):
        out = np.zeros(ctx.shape, grad.dtype)
        out[ctx.index] = grad
        return out, None


class Index(Function):
    """One integer array for each of some axes, broadcast together: an element taken twice gets both gradients."""

    @staticmethod
    def forward(ctx, x, axes, *arrays):
        ctx.shape, ctx.axes = x.shape, axes
        ctx.save_for_backward(*arrays)
        return x[_full_index(x.ndim, axes, arrays)]

    @staticmethod
    def backward(ctx, grad):
        """Add each gradient to where it was taken from: to one row of a table of all combinations on ``axes``."""
        axes, shape = ctx.axes, np.broadcast_shapes(*[array.shape for array in ctx.saved_tensors])
        arrays = [np.broadcast_to(array, shape) for array in ctx.saved_tensors]
        taken = arrays[0].ndim
        if axes[-1] - axes[0] == len(axes) - 1:  # neighbours: their result stands where they stood, else in front
            grad = np.moveaxis(grad, range(axes[0], axes[0] + taken), range(taken))
        picked = [ctx.shape[axis] for axis in axes]
        rest = [ctx.shape[axis] for axis in range(len(ctx.shape)) if axis not in axes]
        positive = [np.where(array < 0, array + length, array) for array, length in zip(arrays, picked, strict=True)]
        rows = np.ravel_multi_index([array.ravel() for array in positive], picked)
        table = add_rows(math.prod(picked), rows, grad.reshape(rows.size, math.prod(rest)))
        out = np.moveaxis(table.reshape(picked + rest), range(len(axes)), axes)
        return (out, None, *(None for _ in arrays))


class Mask(Function):
    """One boolean array over all axes: no element is taken twice."""

    @staticmethod
    def forward(ctx, x, mask):
        ctx.shape = x.shape
        ctx.save_for_backward(mask)
        return x[mask]

    @staticmethod
    def backward(ctx, grad):
        (mask,) = ctx.saved_tensors
        out = np.zeros(ctx.shape, grad.dtype)
        out[mask] = grad
        return out, None


class Gather(Function):
    """One element for each index, along one axis."""

    @staticmethod
    def forward(ctx, x, axis, index):
        ctx.shape, ctx.axis = x.shape, axis
        ctx.save_for_backward(index)
        return np.take_along_axis(x[_corner(index.shape, axis)], index, axis)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved_tensors
        strides = [math.prod(ctx.shape[i + 1 :]) for i in range(len(ctx.shape))]
        flat = index * strides[ctx.axis]
        for i, stride in enumerate(strides):
            if i != ctx.axis:
                along = [-1 if j == i else 1 for j in range(index.ndim)]
                flat = flat + stride * np.arange(index.shape[i]).reshape(along)
        table = add_rows(math.prod(ctx.shape), flat.ravel(), grad.reshape(-1, 1))
        return table.reshape(ctx.shape), None, None


def _corner(shape: tuple[int, ...], axis: int) -> tuple[slice, ...]:
    return tuple(slice(None) if i == axis else slice(length) for i, length in enumerate(shape))


def _full_index(ndim: int, axes: tuple[int, ...], arrays) -> tuple:
    index = [slice(None)] * ndim
    for axis, array in zip(axes, arrays, strict=True):
        index[axis] = array
    return tuple(index)


def add_rows(count: int, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Add ``values[i]`` to row ``rows[i]`` of a table of zeros.

    Parameters
    ----------
    count : int
        Rows of the table.
    rows : ndarray of int, (R,)
    values : ndarray, (R, K)

    Returns
    -------
    ndarray, (count, K)
        The same in every run: equal rows are summed in the order in which they come.
    """
    table = np.zeros((count, values.shape[1]), values.dtype)
    if values.size == 0:
        return table
    if values.shape[1] == 1:
        return np.bincount(rows, values[:, 0], count).astype(values.dtype)[:, None]  # adds in float64
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    if starts.size == rows.size:
        table[rows] = values
    else:
        many = np.diff(starts, append=rows.size).max() > SHORT
        dtype = np.float64 if many else values.dtype
        table[ordered[starts]] = np.add.reduceat(values[order], starts, axis=0, dtype=dtype)
    return table


def getitem(input: Tensor, index) -> Tensor:
    """Return ``input[index]``.

    Integers and slices (with positive steps) give views; integer tensors, lists and arrays pick elements, and
    boolean masks keep those where they are true. As in PyTorch an integer next to index tensors selects first.
    """
    basic, axes, arrays = locate(input, index)
    if not arrays:
        return Slice.apply(input, basic)
    if basic is not None:
        input = Slice.apply(input, basic)
    if arrays[0].dtype.kind == "b":
        return Mask.apply(input, arrays[0])
    return Index.apply(input, axes, *arrays)


def setitem(input: Tensor, index, value) -> None:
    """Overwrite ``input[index]`` by ``value`` (broadcast), in place."""
    basic, axes, arrays = locate(input, index, "setitem")
    input._check_write("setitem", value)
    target = input if basic is None else wrap(input._array[basic], input._storage)
    if axes:
        target._write("setitem", _full_index(target.ndim, axes, [array._array for array in arrays]), value)
    else:
        target._write("setitem", arrays[0]._array if arrays else ..., value)


def locate(input: Tensor, index, op: str = "getitem") -> tuple[tuple | None, tuple[int, ...], list[Tensor]]:
    """Check an index, and split it in two steps: what makes a view, then what picks elements from it.

    Returns
    -------
    basic : tuple or None
        Integers, slices, None and ...: for NumPy. None if there is nothing to do.
    axes : tuple of int
        The axes of the view that ``arrays`` point into. () for one mask that covers the whole view.
    arrays : list of Tensor
        Integer tensors, or one boolean mask. [] if the view is all.
    """
    parts = index if isinstance(index, tuple) else (index,)
    if all(type(part) in (int, slice) or part is None or part is Ellipsis for part in parts):
        return _checked_slices(op, input, parts), (), []
    parts = [_checked_part(op, part) for part in parts]
    only = parts[0] if len(parts) == 1 else None
    if isinstance(only, Tensor) and only.dtype.kind == "b" and only.shape == input.shape:
        return None, (), parts
    axes, arrays, basic = _split(op, input, parts)
    if not arrays:
        return _checked_slices(op, input, basic), (), []
    basic = None if all(isinstance(part, slice) and part == slice(None) for part in basic) else tuple(basic)
    shape = input.shape
    if basic is not None:
        basic = _checked_slices(op, input, basic)
        shape = input._array[basic].shape
    for axis, array in zip(axes, arrays, strict=True):
        length = shape[axis]
        check_index_range(op, "index", array._array, -length, length, f"axis {axis} has length {length}")
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError as error:
        shapes = " and ".join(str(array.shape) for array in arrays)
        expected = "shapes that broadcast"
        raise bad_argument(op, "index", f"has shapes {shapes}", expected, error=IndexError) from error
    return basic, tuple(axes), arrays


def _checked_slices(op: str, input: Tensor, parts) -> tuple:
    """Check an index of integers, slices, None and ... before NumPy sees it."""
    axis, shape = 0, input._array.shape
    used = sum(1 for part in parts if part is not None and part is not Ellipsis)
    if used > len(shape):
        raise bad_argument(op, "index", f"has {used} parts", f"at most {len(shape)}",
                           f"the tensor has shape {shape}", IndexError)  # fmt: skip
    for part in parts:
        if part is None:
            continue
        if part is Ellipsis:
            axis += len(shape) - used
            continue
        if type(part) is int:
            if not -shape[axis] <= part < shape[axis]:
                raise bad_argument(op, "index", f"is {shown(part)}", f"an integer in [{-shape[axis]}, {shape[axis]})",
                                   f"axis {axis} has length {shape[axis]}", IndexError)  # fmt: skip
        elif _step(op, part) < 1:
            raise bad_argument(op, "index", f"has step {part.step}", "a positive step", "use flip to reverse")
        axis += 1
    if sum(1 for part in parts if part is Ellipsis) > 1:
        raise bad_argument(op, "index", "has several ...", "at most one", error=IndexError)
    return tuple(parts) if Ellipsis in parts else (*parts, ...)  # with ... NumPy gives a view even of one element


def _step(op: str, part: slice) -> int:
    """Return the step of a slice, after checking that it is made of integers."""
    try:
        return [1 if x is None else operator.index(x) for x in (part.start, part.stop, part.step)][-1]
    except (TypeError, ValueError) as error:
        raise bad_argument(op, "index", f"is {shown(part)}", "a slice of integers", error=TypeError) from error


def _checked_part(op: str, part):
    """Return one part of an index as int, slice, None, ... or a tensor of integers or booleans."""
    if part is None or part is Ellipsis or (isinstance(part, (int, slice)) and not isinstance(part, bool)):
        return part
    if isinstance(part, (list, range)):
        part = Tensor(np.zeros(0, np.int64)) if len(part) == 0 else read_tensor(op, "index", list(part))
    if isinstance(part, np.integer):
        return int(part)
    if not isinstance(part, (Tensor, np.ndarray)):  # bool is left out, too: PyTorch's x[True] is a riddle
        why = "use integers, slices, None, ..., or integer or boolean tensors"
        raise bad_argument(op, "index", f"is a {type(part).__name__}", "an index", why, TypeError)
    part = read_tensor(op, "index", part)
    if part.dtype.kind not in "ib":
        raise bad_argument(op, "index", f"has dtype {part.dtype}", "int64, int32 or bool", error=IndexError)
    return int(part._array) if part.ndim == 0 and part.dtype.kind == "i" else part


def _split(op: str, input: Tensor, parts: list) -> tuple[list[int], list[Tensor], list]:
    """Separate index tensors from the rest: (their axes after the rest is applied, the tensors, the rest).

    A mask becomes one integer tensor per axis that it covers.
    """
    used = sum(part.ndim if isinstance(part, Tensor) and part.dtype.kind == "b" else 1
               for part in parts if part is not None and part is not Ellipsis)  # fmt: skip
    if used > input.ndim:
        raise bad_argument(op, "index", f"covers {used} axes", f"at most {input.ndim}",
                           f"the tensor has shape {input.shape}", IndexError)  # fmt: skip
    if not any(part is Ellipsis for part in parts):
        parts = [*parts, Ellipsis]
    axes, arrays, basic = [], [], []
    before = after = 0  # axes of the input consumed, axes of the result of the basic part produced
    for part in parts:
        if part is Ellipsis:
            basic += [slice(None)] * (input.ndim - used)
            before, after = before + input.ndim - used, after + input.ndim - used
        elif isinstance(part, Tensor):
            covered = _as_integers(op, input, part, before)
            basic += [slice(None)] * part.ndim if part.dtype.kind == "b" else [slice(None)]
            axes += range(after, after + len(covered))
            arrays += covered
            before += part.ndim if part.dtype.kind == "b" else 1
            after += len(covered)
        else:
            basic.append(part)
            before += part is not None
            after += not isinstance(part, int)
    return axes, arrays, basic


def _as_integers(op: str, input: Tensor, part: Tensor, axis: int) -> list[Tensor]:
    if part.dtype.kind == "i":
        return [part]
    covered = input.shape[axis : axis + part.ndim]
    if part.shape != covered:
        why = f"the tensor has shape {input.shape}"
        raise bad_argument(op, "mask", f"has shape {part.shape}", str(covered), why, IndexError)
    return [Tensor(indices) for indices in part._array.nonzero()]


def gather(input, dim: int, index) -> Tensor:
    """Return ``out[i][j] = input[index[i][j]][j]`` for ``dim=0``, and so on for other axes.

    Parameters
    ----------
    input : Tensor
    dim : int
        The axis along which ``index`` points.
    index : Tensor of int64
        As many axes as ``input``, and not longer than it along the other axes. No negative entries.
    """
    input, index = checked_tensor("gather", "input", input), checked_tensor("gather", "index", index)
    axis = one_axis("gather", dim, input.ndim)
    check_integer("gather", "index", index)
    if index.ndim != input.ndim:
        raise bad_argument("gather", "index", f"has shape {index.shape}", f"{input.ndim} axes",
                           f"input has shape {input.shape}")  # fmt: skip
    if any(have > most for i, (have, most) in enumerate(zip(index.shape, input.shape, strict=True)) if i != axis):
        raise bad_argument("gather", "index", f"has shape {index.shape}", f"at most {input.shape} except along {axis}")
    if input.ndim == 0:
        raise bad_argument("gather", "input", "has shape ()", "at least one axis")
    why = f"axis {axis} of the input has length {input.shape[axis]}"
    check_index_range("gather", "index", index._array, 0, input.shape[axis], why)
    return Gather.apply(input, axis, index)
