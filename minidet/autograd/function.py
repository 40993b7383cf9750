"""How an operation is written: ``forward`` and ``backward`` side by side, on plain NumPy arrays."""

from __future__ import annotations

import itertools
import numbers
import weakref

import numpy as np

from ..errors import bad_argument
from .float_errors import ignore, restore
from .grad_mode import mode
from .hooks import HookHandle
from .storage import Storage, lock, unlock
from .tensor import DECLARED_CONSTANT, Tensor, to_array, wrap

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

    # Defaults of the class, so that an operation pays only for what it uses: thousands are made in a training step.
    needs_input_grad: tuple[bool, ...] = ()
    sequence = -1  # the order of creation, once recorded
    edges: tuple | None = None  # (node or leaf, number of its output) for each argument; None where no gradient goes
    output_meta: tuple = ()  # (shape, dtype) of each output
    hooks: dict[int, dict] | None = None
    retained: dict[int, weakref.ref[Tensor]] | None = None  # outputs that keep their gradient, by number
    _saved: tuple = ()
    _guards: tuple[()] | Guards = ()
    _constant: tuple = ()
    _zeros = True

    def __init__(self, function: type[Function]):
        self.function = function

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def __lt__(self, other: Context) -> bool:  # the heap of the backward pass compares nodes of equal sequence number
        return self.sequence < other.sequence

    @property
    def name(self) -> str:
        """The operation's name in messages and graphs."""
        return self.function.__name__

    def save_for_backward(self, *arrays: np.ndarray | None) -> None:
        """Keep arrays for the backward pass. Inputs, outputs and views of them are guarded against changes in place."""
        self._saved = arrays

    def mark_non_differentiable(self, *arrays: np.ndarray) -> None:
        """Say which outputs have no gradient (integer outputs never have)."""
        self._constant = arrays

    def set_materialize_grads(self, value: bool) -> None:
        """Say what ``backward`` gets for an output that the result does not depend on: zeros (default), or None."""
        self._zeros = value

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
        if self.hooks is None:
            self.hooks = {}
        return HookHandle(self.hooks.setdefault(output_nr, {}), hook)

    def retain(self, output: Tensor) -> None:
        """Keep the gradient of one output; asking twice changes nothing."""
        if self.retained is None:
            self.retained = {}
        self.retained[output.output_nr] = weakref.ref(output)

    def link(self, args: tuple, results: tuple, outputs: tuple[Tensor, ...]) -> None:
        """Put the operation on the tape: where gradients go to, and which tensors must stay as they are.

        ``results`` are the outputs as ``forward`` returned them: NumPy scalars, perhaps.
        """
        self.sequence = next(_sequence)
        edges = []
        for i, needed in enumerate(self.needs_input_grad):
            arg = args[i]
            edges.append((arg if arg.grad_fn is None else arg.grad_fn, arg.output_nr) if needed else None)
        self.edges = tuple(edges)
        self.output_meta = tuple([(output._array.shape, output._array.dtype) for output in outputs])
        for nr, output in enumerate(outputs):
            array = output._array
            if array.dtype.kind == "f":
                if self._constant and any(results[nr] is constant for constant in self._constant):
                    output.output_nr = DECLARED_CONSTANT
                else:
                    output._requires_grad = True
                    output.grad_fn = self
                    output.output_nr = nr
            elif array.dtype.kind not in "iub":
                raise _bad_result(self.function, f"has dtype {array.dtype}", "gradients are real numbers")
        if self._saved:
            self._guards = Guards(self._saved, args, outputs)

    def run(self, gradients: list[np.ndarray | None]) -> list[np.ndarray | None]:
        """Compute the gradients of the inputs from those of the outputs, and check them."""
        edges = self.edges
        if edges is None:
            raise RuntimeError(
                f"backward: the graph of {self.name} was freed by an earlier backward(), expected it to be kept: "
                "call backward(retain_graph=True) the first time to go through it twice."
            )
        for nr, gradient in enumerate(gradients):
            if gradient is None and self._zeros:  # an output that the result does not depend on
                gradients[nr] = np.zeros(*self.output_meta[nr])
        result = self.function.backward(self, *gradients)
        if not isinstance(result, tuple):
            result = (result,)
        if len(result) > len(edges) and all(value is None for value in result[len(edges) :]):
            result = result[: len(edges)]  # for arguments of forward that have defaults, and were not given
        if len(result) != len(edges):
            raise RuntimeError(
                f"{self.name}.backward: returned {len(result)} gradients, expected {len(edges)}: "
                "one for each argument of forward (None for those that are no tensors)."
            )
        return [
            None if edge is None or result[i] is None else self._checked(i, edge, result[i])
            for i, edge in enumerate(edges)
        ]

    def _checked(self, i: int, edge: tuple, value) -> np.ndarray:
        """Return the gradient of argument ``i`` as an array of its dtype; raise if the shape is not the argument's."""
        target, output_nr = edge
        if isinstance(target, Context):
            shape, dtype = target.output_meta[output_nr]
        else:
            shape, dtype = target._array.shape, target._array.dtype
        if type(value) is not np.ndarray:  # a Tensor, or the NumPy scalar that 0-d arrays become
            value = np.asarray(value._array if isinstance(value, Tensor) else value)
        if value.shape != shape:
            raise RuntimeError(
                f"{self.name}.backward: the gradient of argument {i} has shape {value.shape}, expected {shape}: "
                "a gradient has the shape of what it is the gradient of."
            )
        return value if value.dtype == dtype else value.astype(dtype)

    def free(self) -> None:
        """Forget the saved arrays and the way down; a second backward pass then says so."""
        if self._guards:
            self._guards.release()
        self.edges = None
        self._guards = ()
        self._saved = ()


class Guards(list):
    """What must not change until the backward pass: (kind, number, storage, version) of inputs and outputs.

    The storages are locked until :meth:`release`, or until the graph is dropped without a backward pass.
    """

    __slots__ = ("storages",)

    def __init__(self, saved: tuple, args: tuple, outputs: tuple[Tensor, ...]):
        self.storages: list[Storage] = []
        for array in saved:
            if isinstance(array, np.ndarray):  # else None, or a number
                self._find(array, args, outputs)
        lock(self.storages)

    def _find(self, array: np.ndarray, args: tuple, outputs: tuple[Tensor, ...]) -> None:
        """Guard the input or output that ``array`` is, or all whose memory it shares: the operation's own need none."""
        for i, tensor in enumerate(args):
            if isinstance(tensor, Tensor) and tensor._array is array:
                self._guard("input", i, tensor._storage)
                return
        for i, tensor in enumerate(outputs):
            if tensor._array is array:
                self._guard("output", i, tensor._storage)
                return
        owner = array if array.base is None else array.base  # NumPy's views name the array that owns the memory
        for kind, tensors in (("input", args), ("output", outputs)):
            for i, tensor in enumerate(tensors):
                known = tensor._array if isinstance(tensor, Tensor) else None
                if known is owner or (known is not None and known.base is owner and np.may_share_memory(known, array)):
                    self._guard(kind, i, tensor._storage)

    def _guard(self, kind: str, i: int, storage: Storage) -> None:
        self.storages.append(storage)
        self.append((kind, i, storage, storage.version))

    def release(self) -> None:
        """Unlock."""
        if self.storages:
            unlock(self.storages)
            self.storages = []
        self.clear()

    __del__ = release


class Function:
    """An operation with its gradient. Subclass it, and call ``apply``.

    ``forward(ctx, *args)`` gets NumPy arrays where ``apply`` got tensors, everything else as it was, and returns an
    array (or a tuple of them). ``backward(ctx, *grads)`` gets d(loss)/d(output), one array per output, and returns
    d(loss)/d(input), one per argument of ``forward``: None for what is no tensor. Both are static methods. NumPy does
    not warn in them of overflow and invalid values: infinity and NaN are results, as in PyTorch.

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
        ctx = Context(cls)
        arrays = [arg._array if isinstance(arg, Tensor) else arg for arg in args]
        record = False
        if mode.enabled:
            ctx.needs_input_grad = tuple([isinstance(arg, Tensor) and arg._requires_grad for arg in args])
            record = True in ctx.needs_input_grad
        if not record:
            ctx.needs_input_grad = (False,) * len(args)
        before = ignore()
        try:
            result = cls.forward(ctx, *arrays)
        finally:
            restore(before)
        if isinstance(result, tuple):
            outputs = tuple([_output(cls, array, args, arrays) for array in result])
            if record:
                ctx.link(args, result, outputs)
            return outputs
        output = _output(cls, result, args, arrays)
        if record:
            ctx.link(args, (result,), (output,))
        return output


def _output(function: type[Function], array, args: tuple, arrays: list) -> Tensor:
    """Make a tensor of a result; a view of an input shares the input's versions and locks."""
    if type(array) is not np.ndarray:
        if isinstance(array, np.generic):  # the NumPy scalar that 0-d arrays become
            array = np.asarray(array)
        elif isinstance(array, (np.ndarray, numbers.Real, Tensor)):
            array = to_array(array)
        else:
            raise _bad_result(function, f"is a {type(array).__name__}", "several outputs are returned as a tuple")
    base = array.base
    if base is None:  # most often it is a new array
        for source in arrays:
            if array is source:
                break
        else:
            return wrap(array)
    for arg in args:
        if isinstance(arg, Tensor):
            source = arg._array
            if array is source:
                return wrap(array.view(), arg._storage)
            if base is not None and (base is source or base is source.base or np.may_share_memory(array, source)):
                return wrap(array, arg._storage)
    return wrap(array)


def _bad_result(function: type[Function], was: str, why: str) -> Exception:
    return bad_argument(f"{function.__name__}.forward", "the result", was, "an array of numbers", why, TypeError)
