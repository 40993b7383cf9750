"""``backward`` under watch: tests make it fail where it does more than it has to."""

from __future__ import annotations

import numpy as np

from minidet import kernels

from .collect import as_tuple, graph_of

#: Functions that may compute gradients nobody asked for: one kernel finds all of them, or one is
#: a view or the negative of another.
ALL_AT_ONCE = {
    "BatchNorm", "GroupNorm", "L2Norm", "Cat", "Stack", "MseLoss", "L1Loss", "HuberLoss", "SmoothL1Loss",
}  # fmt: skip


def graph_functions(outputs) -> set:
    """Return the Functions of all recorded operations behind some tensors."""
    return {node.function for node in graph_of(outputs)}


def _originals(functions) -> list[tuple]:
    """Return every Function with its ``backward``, bound to it: Minimum's is Maximum's, which is about to be replaced."""
    return [(function, function.backward) for function in functions]


def refuse_surplus(monkeypatch, functions) -> None:
    """Make ``backward`` of these Functions fail where it returns a gradient that nobody needs."""
    for function, backward in _originals(functions):

        def checked(ctx, *grads, right=backward, name=function.__name__):
            result = right(ctx, *grads)
            pairs = zip(ctx.needs_input_grad, as_tuple(result), strict=False)
            surplus = [i for i, (needed, value) in enumerate(pairs) if not needed and value is not None]
            assert not surplus, f"{name}.backward computes gradients {surplus}, and nobody needs them"
            return result

        if function.__name__ not in ALL_AT_ONCE:
            monkeypatch.setattr(function, "backward", staticmethod(checked))


def refuse_float64(monkeypatch, functions) -> None:
    """Make ``backward`` of these Functions fail where it hands on float64: it would be cast, but after the work."""
    for function, backward in _originals(functions):

        def checked(ctx, *grads, right=backward, name=function.__name__):
            result = right(ctx, *grads)
            wide = [i for i, value in enumerate(as_tuple(result)) if getattr(value, "dtype", None) == np.float64]
            assert not wide, f"{name}.backward: gradients {wide} of float32 are float64"
            return result

        monkeypatch.setattr(function, "backward", staticmethod(checked))


def refuse_other_layouts(monkeypatch) -> None:
    """Make the kernels of operations fail on arrays that are not contiguous: for each kind another variant is compiled.

    Those of convolutions see to it themselves; the products of `linear` are NumPy's.
    """
    for family in ("activation", "loss", "norm", "pool", "pool_values", "roi", "unpool", "upsample"):
        module = getattr(kernels, family)
        for name, kernel in list(vars(module).items()):
            if callable(kernel) and getattr(kernel, "__module__", "") == module.__name__ and not name.startswith("_"):

                def checked(*args, kernel=kernel, name=f"{family}.{name}"):
                    loose = [i for i, a in enumerate(args) if isinstance(a, np.ndarray) and not a.flags.c_contiguous]
                    assert not loose, f"kernels.{name}: arguments {loose} are not contiguous"
                    return kernel(*args)

                monkeypatch.setattr(module, name, checked)
