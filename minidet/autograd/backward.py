"""The backward pass: walk the tape from the newest operation to the oldest.

An operation can only read tensors that exist already, so the order of creation is a topological order, and walking it
backwards visits an operation when every operation that read its result has been visited. A heap of sequence numbers is
all that this takes; nothing recurses, so a chain may be as long as memory allows.
"""

from __future__ import annotations

import heapq

import numpy as np


class Gradients:
    """The gradient that has arrived so far for each output of each operation, and for each leaf."""

    def __init__(self):
        self._sums: dict[tuple[object, int], np.ndarray] = {}
        self._owned: set[tuple[object, int]] = set()

    def add(self, target, output_nr: int, gradient: np.ndarray) -> None:
        """Add one contribution. The first is kept as it is; an operation may have handed it to others too."""
        key = (target, output_nr)
        if key not in self._sums:
            self._sums[key] = gradient
        elif key in self._owned:
            self._sums[key] += gradient
        else:
            self._sums[key] = np.add(self._sums[key], gradient)
            self._sums[key] = np.asarray(self._sums[key])  # a sum of two 0-d arrays is a NumPy scalar
            self._owned.add(key)

    def pop(self, target, output_nr: int) -> np.ndarray | None:
        """Take a finished sum out; None if no gradient came."""
        self._owned.discard((target, output_nr))
        return self._sums.pop((target, output_nr), None)


def run_backward(root, gradient: np.ndarray, retain_graph: bool, wrap) -> None:
    """Send ``gradient`` from the tensor ``root`` down to every leaf.

    ``wrap`` makes a Tensor of an array: handed in, because tensors are defined above this file.
    """
    gradients = Gradients()
    leaves = {}
    heap = []
    waiting = set()

    def send(target, output_nr: int, value: np.ndarray) -> None:
        gradients.add(target, output_nr, value)
        if target not in waiting:
            waiting.add(target)
            if hasattr(target, "edges"):
                heapq.heappush(heap, (-target.sequence, target))
            else:
                leaves[target] = None  # a leaf: its own result comes last

    send(root if root.grad_fn is None else root.grad_fn, root.output_nr, gradient)
    while heap:
        _, node = heapq.heappop(heap)
        waiting.discard(node)
        outputs = [_hooked(gradients.pop(node, nr), node.hooks.get(nr), wrap) for nr in range(len(node.output_meta))]
        for edge, value in zip(node.edges or (), node.run(outputs), strict=True):
            if edge is not None and value is not None:
                send(*edge, value)
        if not retain_graph:
            node.free()
    _fill_leaves(leaves, gradients, wrap)


def _hooked(gradient, hooks, wrap):
    if gradient is not None and hooks:
        for hook in list(hooks.values()):
            replacement = hook(wrap(gradient))
            if replacement is not None:
                gradient = np.asarray(replacement._array, gradient.dtype)
    return gradient


def _fill_leaves(leaves, gradients: Gradients, wrap) -> None:
    """Add what arrived to ``grad``; two leaves never share one array, or clipping would scale it twice."""
    given = {}
    for leaf in leaves:
        value = _hooked(gradients.pop(leaf, 0), leaf._hooks, wrap)
        if leaf.grad is not None:
            leaf.grad = wrap(np.asarray(leaf.grad._array + value))
            continue
        if value.base is not None or id(value) in given or not value.flags.c_contiguous or not value.flags.writeable:
            value = value.copy(order="C")
        given[id(value)] = value
        leaf.grad = wrap(value)
