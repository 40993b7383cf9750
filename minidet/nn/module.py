"""Module: what has parameters, contains other modules, and computes something."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..autograd.hooks import HookHandle
from ..autograd.sequence import as_dtype
from ..autograd.storage import Storage
from ..autograd.tensor import Tensor
from ..errors import FLOATS, bad_argument, flag, shown
from .backward_hook import BackwardHooks
from .members import Members
from .parameter import Parameter
from .state import IncompatibleKeys, collect, load
from .summary import summarize


class Module(Members):
    """The base of every layer and model.

    A subclass calls ``super().__init__()``, assigns parameters, buffers and other modules to attributes (assigning is
    registering, see ``members.py``), and writes ``forward``. Calling the module calls ``forward``.

    >>> class Net(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.conv = Conv2d(3, 16, 3, padding=1)
    ...     def forward(self, x):
    ...         return relu(self.conv(x))

    Attributes
    ----------
    training : bool
        True after ``train()`` (the default), False after ``eval()``. Dropout and batch normalisation look at it.
    """

    # For old and foreign checkpoints: names of state that may be absent from one, and names that may be there unused.
    _may_be_absent: tuple[str, ...] = ()
    _may_be_unused: tuple[str, ...] = ()

    def __init__(self):
        super().__init__()
        state = self.__dict__
        state["training"] = True
        state["_forward_hooks"] = {}
        state["_forward_pre_hooks"] = {}
        state["_backward_hooks"] = {}

    # computing ---------------------------------------------------------------------------------------------------

    def forward(self, *args, **kwargs):
        """Compute the module's result; every subclass writes its own."""
        name = type(self).__name__
        raise NotImplementedError(f"{name}: forward is not written, expected a method forward(self, ...) in {name}.")

    def __call__(self, *args, **kwargs):
        """Return ``forward(*args, **kwargs)``, with the hooks before and after it."""
        for hook in tuple(self._forward_pre_hooks.values()):
            replacement = hook(self, args)
            if replacement is not None:
                args = replacement if isinstance(replacement, tuple) else (replacement,)
        backward = BackwardHooks(self, tuple(self._backward_hooks.values())) if self._backward_hooks else None
        if backward is not None:
            args = backward.before(args)
        result = self.forward(*args, **kwargs)
        for hook in tuple(self._forward_hooks.values()):
            replacement = hook(self, args, result)
            if replacement is not None:
                result = replacement
        return result if backward is None else backward.after(result)

    def register_forward_pre_hook(self, hook: Callable) -> HookHandle:
        """Call ``hook(module, args)`` before ``forward``; a result that is not None replaces the arguments."""
        return HookHandle(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook: Callable) -> HookHandle:
        """Call ``hook(module, args, output)`` after ``forward``; a result that is not None replaces the output."""
        return HookHandle(self._forward_hooks, hook)

    def register_full_backward_hook(self, hook: Callable) -> HookHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the backward pass has come through the module.

        Both are tuples: the gradients of the positional arguments and of the results, None for what is no tensor. A
        tuple that the hook returns replaces ``grad_input``. Where no argument requires grad, that is all None.
        """
        return HookHandle(self._backward_hooks, hook)

    # what is inside ----------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules assigned to this one, with their names, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        """Yield the modules assigned to this one."""
        return (module for _, module in self.named_children())

    def named_modules(self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True
                      ) -> Iterator[tuple[str, Module]]:  # fmt: skip
        """Yield this module (named ``prefix``) and all inside it, each once unless ``remove_duplicate=False``."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Yield this module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def _named_members(self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool):
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        seen = set()
        for path, module in modules:
            for name, value in module.__dict__[kind].items():
                if value is None or (remove_duplicate and id(value) in seen):
                    continue
                seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
                         ) -> Iterator[tuple[str, Parameter]]:  # fmt: skip
        """Yield names and parameters of this module and, with ``recurse``, of all inside it, each once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, for an optimiser."""
        return (param for _, param in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
                      ) -> Iterator[tuple[str, Tensor]]:  # fmt: skip
        """Yield names and buffers of this module and, with ``recurse``, of all inside it, each once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    # saving and loading ------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Return every parameter and persistent buffer by name: detached, sharing the module's memory."""
        return {key: value.detach() for key, value in collect(self).items()}

    def load_state_dict(self, state_dict: dict, strict: bool = True) -> IncompatibleKeys:
        """Copy values into the parameters and buffers.

        Parameters
        ----------
        state_dict : dict of str to Tensor or ndarray
            What :meth:`state_dict` returned, or a checkpoint's arrays. Values are converted to the module's dtype.
        strict : bool
            False loads what fits by name; a wrong shape is an error even so.

        Returns
        -------
        IncompatibleKeys
            ``(missing_keys, unexpected_keys)``, both lists of names.

        Raises
        ------
        ValueError
            With all keys that are missing, unexpected or of the wrong shape. Nothing has been changed then.
        """
        return load(self, state_dict, strict)

    # changing all that is inside ---------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Switch this module and all inside it (by their own ``train``) to training, and return it."""
        self.training = flag("train", "mode", mode)
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Module:
        """Switch this module and all inside it to evaluation, and return it."""
        return self.train(False)

    def apply(self, fn: Callable[[Module], object]) -> Module:
        """Call ``fn`` on all modules inside, the innermost first, then on this one, and return it."""
        if not callable(fn):
            raise bad_argument("apply", "fn", f"is {shown(fn)}", "a function of a module", error=TypeError)
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Train (or freeze) every parameter, and return the module."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of every parameter, or overwrite them by 0."""
        for param in self.parameters():
            if flag("zero_grad", "set_to_none", set_to_none):
                param.grad = None
            elif param.grad is not None:
                param.grad.zero_()

    def to(self, dtype) -> Module:
        """Convert float parameters, gradients and buffers to float32 or float64, in place; return the module."""
        given, dtype = dtype, as_dtype("to", dtype)
        if dtype not in FLOATS:
            raise bad_argument("to", "dtype", f"is {shown(given)}", "float32 or float64", error=TypeError)
        for tensor in (*self.parameters(), *self.buffers()):
            for part in (tensor, tensor.grad):
                if part is not None and part.dtype.kind == "f" and part.dtype != dtype:
                    part._array, part._storage = part._array.astype(dtype), Storage()
        return self

    def float(self) -> Module:
        """Convert to float32, in place; return the module."""
        return self.to(np.float32)

    def double(self) -> Module:
        """Convert to float64, in place; return the module. Gradients are checked in it."""
        return self.to(np.float64)

    # showing -----------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """Return what stands between the brackets of a layer's repr."""
        return ""

    def __repr__(self) -> str:
        own = self.extra_repr()
        lines = [f"({name}): {_indent(repr(module))}" for name, module in self._modules.items()]
        if not lines:
            return f"{type(self).__name__}({own})"
        return f"{type(self).__name__}(\n  " + "\n  ".join(([own] if own else []) + lines) + "\n)"

    def summary(self, *inputs) -> str:
        """Return a table of every layer's output shape and number of parameters.

        Parameters
        ----------
        *inputs
            What ``forward`` takes; a tuple of integers stands for zeros of that shape: ``net.summary((1, 3, 64, 64))``.
        """
        return summarize(self, inputs)


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")
