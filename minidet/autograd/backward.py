"""The backward pass: walk the tape from the newest operation to the oldest.

An operation can only read tensors that exist already, so the order of creation is a topological order, and walking it
backwards visits an operation when every operation that read its result has been visited. A heap of sequence numbers is
all that this takes; nothing recurses, so a chain may be as long as memory allows.
"""

from __future__ import annotations

import heapq

import numpy as np

from ..errors import bad_argument
from .float_errors import quiet
from .sequence import to_native


class Gradients:
    """The gradient that has arrived so far for each output of each operation, and for each leaf."""

    def __init__(self):
        self._arrived: dict[object, list[np.ndarray | None]] = {}
        self._owned: set[tuple[object, int]] = set()

    def add(self, target, output_nr: int, outputs: int, gradient: np.ndarray) -> bool:
        """Add one contribution to one of ``outputs`` outputs, and tell whether it is the target's first.

        The first is kept as it is: an operation may have handed the same array to others too. A sum is ours to add to.
        """
        sums = self._arrived.get(target)
        if sums is None:
            sums = self._arrived[target] = [None] * outputs
            sums[output_nr] = gradient
            return True
        if sums[output_nr] is None:
            sums[output_nr] = gradient
        elif (target, output_nr) in self._owned:
            sums[output_nr] += gradient
        else:
            sums[output_nr] = np.asarray(sums[output_nr] + gradient)  # two 0-d arrays make a NumPy scalar
            self._owned.add((target, output_nr))
        return False

    def pop(self, target) -> list[np.ndarray | None]:
        """Take the finished sums out, one per output: None where no gradient came."""
        return self._arrived.pop(target)


def run_backward(root, gradient: np.ndarray, retain_graph: bool, wrap) -> None:
    """Send ``gradient`` from the tensor ``root`` down to every leaf.

    ``wrap`` makes a Tensor of an array: handed in, because tensors are defined above this file.
    """
    gradients = Gradients()
    leaves = []
    heap = []
    if not gradient.flags.carray:  # kernels would be compiled once more for read-only arrays
        gradient = gradient.copy(order="C")

    def send(target, output_nr: int, value: np.ndarray) -> None:
        sequence = getattr(target, "sequence", None)
        if sequence is None:  # a leaf: its own result comes last
            if gradients.add(target, 0, 1, value):
                leaves.append(target)
        elif gradients.add(target, output_nr, len(target.output_meta), value):
            heapq.heappush(heap, (-sequence, target))

    send(root if root.grad_fn is None else root.grad_fn, root.output_nr, gradient)
    with quiet():
        while heap:
            node = heapq.heappop(heap)[1]
            arrived = gradients.pop(node)
            if node.hooks is not None:
                arrived = [_hooked(value, node.hooks.get(nr), wrap) for nr, value in enumerate(arrived)]
            if node.retained is not None:
                _keep(node.retained, arrived, wrap)
            edges = node.edges
            for i, value in enumerate(node.run(arrived)):
                if value is not None:
                    send(*edges[i], value)
            if not retain_graph:
                node.free()
        _fill_leaves(leaves, gradients, wrap, {id(gradient): gradient})  # the caller's, to read only


def _hooked(gradient, hooks, wrap):
    if gradient is not None and hooks:
        for hook in list(hooks.values()):
            replacement = hook(wrap(gradient))
            if replacement is None:
                continue
            array = getattr(replacement, "_array", replacement)
            if not isinstance(array, np.ndarray) or array.shape != gradient.shape:
                was = f"has shape {array.shape}" if isinstance(array, np.ndarray) else f"is a {type(array).__name__}"
                expected = f"None or a tensor of shape {gradient.shape}"
                raise bad_argument("register_hook", "the hook's result", was, expected, error=RuntimeError)
            gradient = to_native("register_hook", "the hook's result", array).astype(gradient.dtype, copy=False)
    return gradient


def _keep(retained: dict, arrived: list, wrap) -> None:
    """Add to ``grad`` of the results that keep theirs."""
    for nr, reference in retained.items():
        output, value = reference(), arrived[nr]
        if output is not None and value is not None:
            output.grad = wrap(value.copy() if output.grad is None else np.asarray(output.grad._array + value))


def _fill_leaves(leaves, gradients: Gradients, wrap, given: dict[int, np.ndarray]) -> None:
    """Add what arrived to ``grad``; it shares its array with nobody (``given``), or clipping would scale it twice."""
    for leaf in leaves:
        value = _hooked(gradients.pop(leaf)[0], leaf._hooks, wrap)
        if leaf.grad is not None:
            leaf.grad = wrap(np.asarray(leaf.grad._array + value))
            continue
        if value.base is not None or id(value) in given or not value.flags.c_contiguous or not value.flags.writeable:
            value = value.copy(order="C")
        given[id(value)] = value
        leaf.grad = wrap(value)
