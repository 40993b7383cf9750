"""A NumPy array that remembers where it came from."""

from __future__ import annotations

import numbers
import operator

import numpy as np

from ..errors import bad_argument, flag
from .backward import run_backward
from .float_errors import quiet
from .grad_mode import mode
from .hooks import HookHandle
from .operations.axes import one_axis
from .sequence import CODES, DEFAULT_FLOAT, from_sequence, to_native
from .storage import Storage

DECLARED_CONSTANT = -1  # as `output_nr`: the number of no output that a gradient comes to


class Tensor:
    """An array, its gradient, and the operation that made it.

    Parameters
    ----------
    data : ndarray, or nested numbers
        A writable ndarray is shared, not copied (:func:`minidet.tensor` copies). Python floats become float32, Python
        integers int64, booleans bool; an ndarray keeps its dtype.
    requires_grad : bool
        Record operations on this tensor, so that ``backward()`` can fill ``grad``. Needs a float dtype.

    Attributes
    ----------
    grad : Tensor or None
        d(result)/d(self), accumulated over calls of ``backward()``; only for leaves (and after ``retain_grad()``).
    grad_fn : Context or None
        The recorded operation that made this tensor; None for a leaf.
    """

    __slots__ = ("__weakref__", "_array", "_hooks", "_requires_grad", "_storage", "grad", "grad_fn", "output_nr")
    __array_ufunc__ = None  # so that `ndarray + tensor` asks the tensor
    __hash__ = object.__hash__  # identity: `==` compares elements

    def __init__(self, data, requires_grad: bool = False):
        """Share a writable array through a view: a tape can then lock the caller's array, and minidet still write."""
        array = to_array(data)
        foreign = array is data or (array.base is not None and not isinstance(data, Tensor))
        self._array = array
        self._storage = data._storage if isinstance(data, Tensor) else Storage()  # one memory, one count of its changes
        self.grad: Tensor | None = None
        self.grad_fn = None
        self.output_nr = 0
        self._hooks = None
        self._requires_grad = False
        if foreign:  # what cannot be shared and locked is copied; kernels would be compiled once more for read-only
            view = self._storage.take_in(data) if isinstance(data, np.ndarray) else None
            self._array = array.copy() if view is None else view
        if flag("tensor", "requires_grad", requires_grad):
            self.requires_grad_()

    # what it is ------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every axis."""
        return self._array.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def dtype(self) -> np.dtype:
        """NumPy's dtype of the elements."""
        return self._array.dtype

    @property
    def is_leaf(self) -> bool:
        """True unless a recorded operation made this tensor."""
        return self.grad_fn is None

    @property
    def is_declared_constant(self) -> bool:
        """True for a result that its Function declared to have no gradient: ``ctx.mark_non_differentiable``."""
        return self.output_nr == DECLARED_CONSTANT

    @property
    def data(self) -> Tensor:
        """The same values without the tape: :meth:`detach`."""
        return self.detach()

    @property
    def version(self) -> int:
        """How often this memory was changed in place (PyTorch's ``_version``)."""
        return self._storage.version

    def size(self, dim: int | None = None):
        """Return the shape, or the length of one axis."""
        if dim is None:
            return self.shape
        axis = one_axis("size", dim, self.ndim)
        if not self.shape:
            raise bad_argument("size", "dim", f"is {dim}", "None", "the tensor has no axes", IndexError)
        return self.shape[axis]

    def dim(self) -> int:
        """Return the number of axes."""
        return self.ndim

    def numel(self) -> int:
        """Return the number of elements."""
        return self._array.size

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len: the tensor has shape (), expected at least one axis.")
        return self.shape[0]

    def __repr__(self) -> str:
        body = np.array2string(self._array, separator=", ", prefix="tensor(", threshold=200, precision=4)
        extra = f", size={self.shape}" if not self._array.size and self.ndim > 1 else ""
        extra += f", dtype={self.dtype}" if self.dtype not in (DEFAULT_FLOAT, np.int64, np.bool_) else ""
        if self.grad_fn is not None:
            extra += f", grad_fn=<{self.grad_fn.name}>"
        elif self.requires_grad:
            extra += ", requires_grad=True"
        return f"tensor({body}{extra})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self.shape else object.__format__(self, spec)

    # out to Python and NumPy -------------------------------------------------------------------------------------

    def numpy(self) -> np.ndarray:
        """Return the values as an ndarray that shares the memory (read-only while a tape needs them)."""
        if self.requires_grad:
            raise RuntimeError("numpy: the tensor requires grad: writing to its array would escape the tape. "
                               "Use detach().numpy().")  # fmt: skip
        return self._storage.hand_out(self._array.view())

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def item(self):
        """Return the only element as a Python number."""
        if self._array.size != 1:
            raise bad_argument("item", "the tensor", f"has shape {self.shape}", "exactly one element")
        return self._array.item()

    def tolist(self):
        """Return the values as nested Python lists."""
        return self._array.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise bad_argument("index", "the tensor", f"has dtype {self.dtype}", "an integer dtype", error=TypeError)
        return int(self.item())

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise bad_argument("bool", "the tensor", f"has shape {self.shape}", "exactly one element",
                               "the truth of several values is ambiguous: use any() or all()")  # fmt: skip
        return bool(self.item())

    def detach(self) -> Tensor:
        """Return a tensor with the same memory that the tape does not know."""
        return wrap(self._array, self._storage)

    def __deepcopy__(self, memo: dict) -> Tensor:
        twin = _leaf(self._array.copy(), self._copied_flag("deepcopy"))  # a memory of its own: no locks, version 0
        twin.grad = None if self.grad is None else self.grad.detach().__deepcopy__(memo)
        memo[id(self)] = twin
        return twin

    def __reduce__(self):
        return _leaf, (self._array.copy(), self._copied_flag("pickle"))

    def _copied_flag(self, op: str) -> bool:
        if self.grad_fn is not None:
            raise RuntimeError(f"{op}: the tensor is the result of {self.grad_fn.name}, expected a leaf: use detach().")
        return self.requires_grad

    # the tape ----------------------------------------------------------------------------------------------------

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Switch recording for this leaf on or off, in place."""
        requires_grad = flag("requires_grad_", "requires_grad", requires_grad)
        if requires_grad and self.dtype.kind != "f":
            why = "only floating point numbers have gradients"
            was = f"has dtype {self.dtype}"
            raise bad_argument("requires_grad_", "the tensor", was, "a float dtype", why, TypeError)
        if self.grad_fn is not None and not requires_grad:
            raise RuntimeError("requires_grad_: the tensor is a result of operations, expected a leaf: use detach().")
        self._requires_grad = requires_grad
        return self

    requires_grad = property(operator.attrgetter("_requires_grad"), requires_grad_, doc="Whether to record; settable.")

    def backward(self, gradient=None, retain_graph: bool = False) -> None:
        """Fill ``grad`` of every leaf that this tensor was computed from.

        Parameters
        ----------
        gradient : Tensor or ndarray, optional
            d(loss)/d(self), of this tensor's shape. Needed unless the tensor has one element; then it is 1.
        retain_graph : bool
            Keep the graph, to go through it again. By default it is freed.
        """
        if not self.requires_grad:
            raise RuntimeError("backward: the tensor does not require grad, expected a result of recorded operations: "
                               "no input had requires_grad=True, or it was computed inside no_grad().")  # fmt: skip
        retain_graph = flag("backward", "retain_graph", retain_graph)
        if gradient is None:
            if self._array.size != 1:
                raise bad_argument("backward", "the tensor", f"has shape {self.shape}", "exactly one element",
                                   "pass gradient=... of the tensor's shape for anything else")  # fmt: skip
            gradient = np.ones(self.shape, self.dtype)
        gradient = as_array("backward", "gradient", gradient).astype(self.dtype, copy=False)
        if gradient.shape != self.shape:
            raise bad_argument("backward", "gradient", f"has shape {gradient.shape}", str(self.shape))
        run_backward(self, gradient, retain_graph, wrap)

    def register_hook(self, hook):
        """Call ``hook(grad)`` when the gradient of this tensor is known; a result that is not None replaces it.

        Returns a handle whose ``remove()`` takes the hook away.
        """
        if not self.requires_grad:
            raise RuntimeError("register_hook: the tensor does not require grad: it will never have a gradient.")
        holder = self if self.grad_fn is None else self.grad_fn
        return holder.add_hook(hook, self.output_nr)

    def add_hook(self, hook, output_nr: int = 0):
        """Keep a hook of a leaf; :meth:`register_hook` is the public way."""
        self._hooks = {} if self._hooks is None else self._hooks
        return HookHandle(self._hooks, hook)

    def retain_grad(self) -> None:
        """Keep ``grad`` for this tensor too, though it is not a leaf: what all its hooks, early or late, made of it."""
        if not self.requires_grad:
            raise RuntimeError("retain_grad: the tensor does not require grad: it will never have a gradient.")
        if self.grad_fn is not None:
            self.grad_fn.retain(self)

    # changes in place: counted, and not recorded -----------------------------------------------------------------

    def copy_(self, source) -> Tensor:
        """Overwrite the values by ``source`` (broadcast), in place."""
        return self._write("copy_", ..., source, "source")

    def fill_(self, value) -> Tensor:
        """Overwrite every element by ``value``, in place."""
        return self._write("fill_", ..., value)

    def zero_(self) -> Tensor:
        """Overwrite every element by 0, in place."""
        return self._write("zero_", ..., 0)

    def _check_write(self, op: str, value) -> None:
        if mode.enabled and (self.requires_grad or (isinstance(value, Tensor) and value.requires_grad)):
            raise RuntimeError(
                f"{op}: the tensor or the new value requires grad, expected neither: changes in place are not "
                "recorded. Use an operation that returns a new tensor, or no_grad()."
            )

    def _write(self, op: str, index, value, argument: str = "value") -> Tensor:
        self._check_write(op, value)
        value = as_array(op, argument, value)
        try:
            with quiet():
                self._array[index] = value
        except ValueError as error:
            expected = f"a shape that broadcasts to {self._array[index].shape}"
            raise bad_argument(op, argument, f"has shape {value.shape}", expected) from error
        self._storage.changed(self._array)
        return self

    def _write_array(self) -> np.ndarray:
        """Count one change in place, and return the array to change: for optimisers and buffers."""
        self._storage.changed(self._array)
        return self._array


def wrap(array: np.ndarray, storage: Storage | None = None) -> Tensor:
    """Make a tensor around an array that nobody outside holds: no copy, no view, no check."""
    tensor = Tensor.__new__(Tensor)
    tensor._array = array
    tensor._storage = Storage() if storage is None else storage
    tensor.grad = None
    tensor.grad_fn = None
    tensor.output_nr = 0
    tensor._hooks = None
    tensor._requires_grad = False
    return tensor


def _leaf(array: np.ndarray, requires_grad: bool) -> Tensor:
    """Rebuild a leaf that was copied or pickled."""
    leaf = wrap(array)
    leaf.requires_grad = requires_grad
    return leaf


def to_array(value) -> np.ndarray:
    """Return the array behind a tensor, or make one: Python floats become float32, an ndarray keeps its dtype.

    An array of the other byte order is converted; what holds no numbers that tensors can have raises ``TypeError``.
    """
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, (np.ndarray, np.generic)):
        if isinstance(value, np.ma.MaskedArray):
            why = "a tensor has no mask: use array.filled(value)"
            raise bad_argument("tensor", "data", "is a masked array", "an array without", why, TypeError)
        array = np.asarray(value)
    elif isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        with quiet():
            array = np.asarray(value, DEFAULT_FLOAT)
    else:
        array = from_sequence(value)
    return array if array.dtype.isnative and array.dtype.char in CODES else to_native("tensor", "data", array)


def as_array(op: str, argument: str, value) -> np.ndarray:
    """Do what :func:`to_array` does for an argument of an operation; errors name both."""
    try:
        return to_array(value)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("tensor: data", f"{op}: {argument}", 1)) from None
