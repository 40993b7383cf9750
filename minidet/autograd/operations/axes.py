"""Checks of ``dim`` arguments: a negative axis counts from the end, and every wrong one is named."""

from __future__ import annotations

import operator

from ...errors import bad_argument, check_room, shown


def one_axis(op: str, dim, ndim: int, argument: str = "dim") -> int:
    """Return ``dim`` in [0, ndim), or raise. A 0-d tensor is taken to have one axis, as in PyTorch."""
    if isinstance(dim, bool):
        raise bad_argument(op, argument, f"is {dim}", "an integer", error=TypeError)
    try:
        axis = operator.index(dim)
    except (TypeError, ValueError) as error:  # ValueError: a tensor of several elements
        raise bad_argument(op, argument, f"is {shown(dim)}", "an integer", error=TypeError) from error
    span = max(ndim, 1)
    if not -span <= axis < span:
        why = f"the tensor has {ndim} axes"
        raise bad_argument(op, argument, f"is {shown(axis)}", f"an integer in [{-span}, {span - 1}]", why, IndexError)
    return axis % span


def some_axes(op: str, dim, ndim: int, argument: str = "dim") -> tuple[int, ...]:
    """Return the axes that ``dim`` means, sorted: None and () mean all of them."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    if not isinstance(dim, (tuple, list)):
        return (one_axis(op, dim, ndim, argument),) if ndim else _no_axes(op, dim, argument)
    axes = [one_axis(op, item, ndim, argument) for item in dim]
    if len(set(axes)) != len(axes):
        raise bad_argument(op, argument, f"is {tuple(dim)}", "different axes", "one of them appears twice")
    return tuple(sorted(axes)) if ndim else ()


def _no_axes(op: str, dim, argument: str) -> tuple[int, ...]:
    one_axis(op, dim, 0, argument)
    return ()


def lengths(op: str, sizes: tuple, argument: str = "shape", low: int = 0) -> tuple[int, ...]:
    """Return a shape that was given as ``f(2, 3)`` or as ``f((2, 3))``; ``low=-1`` allows -1."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    sizes = tuple(sizes)
    result = []
    for size in sizes:
        try:
            result.append(operator.index(size))
        except (TypeError, ValueError) as error:
            raise bad_argument(op, argument, f"is {shown(sizes)}", "integers", error=TypeError) from error
        if result[-1] < low:
            raise bad_argument(op, argument, f"is {shown(sizes)}", f"integers >= {low}")
    check_room(op, argument, f"is {shown(sizes)}", *(size for size in result if size >= 0))
    return tuple(result)
