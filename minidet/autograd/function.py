"""How an operation is written: ``forward`` and ``backward`` side by side, on plain NumPy arrays."""

from __future__ import annotations

import itertools

import numpy as np

from .grad_mode import mode
from .hooks import HookHandle
from .tensor import Tensor, wrap

_sequence = itertools.count()


class Context:
    """One recorded operation: the ``ctx`` of ``forward`` and ``backward``, and the node of the graph.

    Attributes
    ----------
    needs_input_grad : tuple of bool
        One per argument of ``apply``: whether ``backward`` has to compute its gradient (it may return None otherwise).
    saved_tensors : tuple of ndarray
        What ``save_for_backward`` kept. Other values may be set as attributes: ``ctx.stride = 2``.
    """

    def __init__(self, function: type[Function], args: tuple):
        self.function = function
        self.sequence = next(_sequence)
        self.needs_input_grad = tuple(isinstance(arg, Tensor) and arg.requires_grad for arg in args)
        self.edges: tuple | None = None
        self.output_meta: list[tuple[tuple[int, ...], np.dtype]] = []
        self.hooks: dict[int, dict] = {}
        self._saved: tuple = ()
        self._guards: list = []
        self._constant: tuple = ()

    def __lt__(self, other: Context) -> bool:  # the heap of the backward pass compares nodes of equal sequence number
        return self.sequence < other.sequence

    @property
    def name(self) -> str:
        """The operation's name in messages and graphs."""
        return self.function.__name__

    def save_for_backward(self, *arrays: np.ndarray | None) -> None:
        """Keep arrays for the backward pass. Inputs and outputs among them are guarded against changes in place."""
        self._saved = arrays

    def mark_non_differentiable(self, *arrays: np.ndarray) -> None:
        """Say which outputs have no gradient (integer outputs never have)."""
        self._constant = arrays

    @property
    def saved_tensors(self) -> tuple[np.ndarray | None, ...]:
        """Return what was saved, after checking that nothing was changed in place since."""
        for kind, i, storage, version in self._guards:
            if storage.version != version:
                raise RuntimeError(
                    f"{self.name}: {kind} {i} was changed in place after the operation (version {storage.version}), "
                    f"expected version {version}: its values are needed to compute the gradient. "
                    "Change a copy, or use an operation that returns a new tensor."
                )
        return self._saved

    def add_hook(self, hook, output_nr: int) -> HookHandle:
        """Hang a hook on the gradient of one output."""
        return HookHandle(self.hooks.setdefault(output_nr, {}), hook)

    def link(self, args: tuple, outputs: list[Tensor]) -> None:
        """Put the operation on the tape: where gradients go to, and which tensors must stay as they are."""
        self.edges = tuple(
            ((arg if arg.grad_fn is None else arg.grad_fn), arg.output_nr) if needed else None
            for arg, needed in zip(args, self.needs_input_grad, strict=True)
        )
        self.output_meta = [(output.shape, output.dtype) for output in outputs]
        for array in self._saved:
            if array is not None:
                self._guard(array, args, outputs)

    def _guard(self, array: np.ndarray, args: tuple, outputs: list[Tensor]) -> None:
        for kind, tensors in (("input", args), ("output", outputs)):
            for i, tensor in enumerate(tensors):
                if isinstance(tensor, Tensor) and tensor._array is array:
                    storage = tensor._storage
                    storage.lock()
                    self._guards.append((kind, i, storage, storage.version))
                    return

    def run(self, gradients: list[np.ndarray | None]) -> tuple:
        """Compute the gradients of the inputs from those of the outputs, and check them."""
        if self.edges is None:
            raise RuntimeError(
                f"backward: the graph of {self.name} was freed by an earlier backward(), expected it to be kept: "
                "call backward(retain_graph=True) the first time to go through it twice."
            )
        filled = [
            np.zeros(shape, dtype) if gradient is None else gradient
            for gradient, (shape, dtype) in zip(gradients, self.output_meta, strict=True)
        ]
        result = self.function.backward(self, *filled)
        result = result if isinstance(result, tuple) else (result,)
        if len(result) != len(self.edges):
            raise RuntimeError(
                f"{self.name}.backward: returned {len(result)} gradients, expected {len(self.edges)}: "
                "one for each argument of forward (None for those that are no tensors)."
            )
        return tuple(
            None if edge is None or value is None else self._checked(i, edge, value)
            for i, (edge, value) in enumerate(zip(self.edges, result, strict=True))
        )

    def _checked(self, i: int, edge: tuple, value) -> np.ndarray:
        target, output_nr = edge
        shape, dtype = (target.shape, target.dtype) if isinstance(target, Tensor) else target.output_meta[output_nr]
        value = np.asarray(value._array if isinstance(value, Tensor) else value)
        if value.shape != shape:
            raise RuntimeError(
                f"{self.name}.backward: the gradient of argument {i} has shape {value.shape}, expected {shape}: "
                "a gradient has the shape of what it is the gradient of."
            )
        return value if value.dtype == dtype else value.astype(dtype)

    def free(self) -> None:
        """Forget the saved arrays and the way down; a second backward pass then says so."""
        for _, _, storage, _ in self._guards:
            storage.unlock()
        self.edges = None
        self._guards = []
        self._saved = ()

    def __del__(self):
        for _, _, storage, _ in self._guards:  # a graph that is dropped without a backward pass
            storage.unlock()


class Function:
    """An operation with its gradient. Subclass it, and call ``apply``.

    ``forward(ctx, *args)`` gets NumPy arrays where ``apply`` got tensors, everything else as it was, and returns an
    array (or a tuple of them). ``backward(ctx, *grads)`` gets d(loss)/d(output), one array per output, and returns
    d(loss)/d(input), one per argument of ``forward``: None for what is no tensor. Both are static methods.

    >>> class Square(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * grad
    >>> Square.apply(tensor([3.0]))
    tensor([9.])
    """

    @staticmethod
    def forward(ctx: Context, *args):
        """Compute the outputs, and save what ``backward`` will need."""
        raise NotImplementedError("forward: not written, expected a static method forward(ctx, *args).")

    @staticmethod
    def backward(ctx: Context, *grads):
        """Compute d(loss)/d(input) for every argument of ``forward``."""
        raise NotImplementedError("backward: not written, expected a static method backward(ctx, *grads).")

    @classmethod
    def apply(cls, *args):
        """Run ``forward`` on the arrays, and record the operation if an argument requires grad."""
        ctx = Context(cls, args)
        record = mode.enabled and any(ctx.needs_input_grad)
        if not record:
            ctx.needs_input_grad = (False,) * len(args)
        result = cls.forward(ctx, *[arg._array if isinstance(arg, Tensor) else arg for arg in args])
        several = isinstance(result, tuple)
        outputs = [_output(array, args) for array in (result if several else (result,))]
        if record:
            for nr, output in enumerate(outputs):
                if output.dtype.kind == "f" and not any(output._array is constant for constant in ctx._constant):
                    output.requires_grad = True
                    output.grad_fn = ctx
                    output.output_nr = nr
            ctx.link(args, outputs)
        return tuple(outputs) if several else outputs[0]


def _output(array, args) -> Tensor:
    """Make a tensor of a result; a view of an input shares the input's versions and locks."""
    array = np.asarray(array)
    for arg in args:
        if isinstance(arg, Tensor):
            if array is arg._array:
                return wrap(array.view(), arg._storage)
            if array.base is not None and np.may_share_memory(array, arg._array):
                return wrap(array, arg._storage)
    return wrap(array)
