"""Hooks on a module's gradients: those of what it returned, and those that it hands down to what it was given."""

from __future__ import annotations

import warnings

from ..autograd.function import Function
from ..autograd.grad_mode import is_grad_enabled
from ..autograd.tensor import Tensor, wrap
from ..errors import bad_argument


class BackwardHook(Function):
    """The identity of several tensors; ``meet`` sees the gradients on their way back, and returns those that go on."""

    @staticmethod
    def forward(ctx, meet, zeros, *arrays):
        ctx.meet = meet
        ctx.set_materialize_grads(zeros)
        views = tuple([array.view() for array in arrays])
        needed = ctx.needs_input_grad[2:]
        ctx.mark_non_differentiable(*[view for view, need in zip(views, needed, strict=True) if not need])
        return views

    @staticmethod
    def backward(ctx, *grads):
        return (None, None, *ctx.meet([None if grad is None else wrap(grad) for grad in grads]))


def listen(values: tuple, meet, zeros: bool) -> tuple[tuple, list[int]]:
    """Send the tensors through the identity if one of them requires grad; return all values, and which are tensors."""
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    if not is_grad_enabled() or not any(values[i].requires_grad for i in places):
        return values, []
    heard = zip(places, BackwardHook.apply(meet, zeros, *[values[i] for i in places]), strict=True)
    passed = dict(enumerate(values)) | {i: value for i, value in heard if value.requires_grad}
    return (type(values)(*passed.values()) if hasattr(values, "_fields") else tuple(passed.values())), places


class BackwardHooks:
    """The hooks of one call of a module: an identity before ``forward`` and one after it are where they listen.

    The backward pass comes to the second first. The hooks are called at the other, where all gradients are known.
    """

    def __init__(self, module, hooks: tuple):
        self.module, self.hooks = module, hooks
        self.grad_output: tuple | None = None

    def before(self, args: tuple) -> tuple:
        """Return the arguments of ``forward``."""
        self.length = len(args)
        args, self.places = listen(args, self._at_arguments, zeros=True)
        return args

    def after(self, result):
        """Return the module's result."""
        outputs = result if isinstance(result, tuple) else (result,)
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(f"register_full_backward_hook: the module returned a {type(result).__name__}, expected a "
                          "tensor or a tuple of tensors: the hook will not be called.", stacklevel=3)  # fmt: skip

        def at_outputs(grads):
            self.grad_output = _spread(grads, places, len(outputs))
            if not self.places:  # no gradient goes to the arguments
                self._call((None,) * self.length)
            return grads

        outputs, places = listen(outputs, at_outputs, zeros=False)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _at_arguments(self, grads: list) -> list:
        if self.grad_output is None:  # they came by another way than through the result
            return grads
        grads = self._call(_spread(grads, self.places, self.length))
        return [grads[i] for i in self.places]

    def _call(self, grad_input: tuple) -> tuple:
        grad_output, self.grad_output = self.grad_output, None
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, grad_output)
            if replaced is not None and (not isinstance(replaced, tuple) or len(replaced) != self.length):
                was = f"returned a {type(replaced).__name__}" + f" of {len(replaced)}" * isinstance(replaced, tuple)
                raise bad_argument("register_full_backward_hook", "hook", was, f"None or a tuple of {self.length}",
                                   "one gradient for each positional argument", RuntimeError)  # fmt: skip
            grad_input = grad_input if replaced is None else replaced
        return grad_input


def _spread(values: list, places: list[int], length: int) -> tuple:
    return tuple(map(dict(zip(places, values, strict=True)).get, range(length)))
