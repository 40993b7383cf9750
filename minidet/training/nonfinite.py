"""When the loss is no longer a number: which layer was the first to say so?"""

from __future__ import annotations

import numpy as np

from ..autograd import Tensor, no_grad


def first_nonfinite(model, images, run=None) -> str:
    """Run ``model`` once more, and describe where NaN or infinity appears first.

    Looks at the images, then at the parameters, then at the output of every layer in the order of the forward pass.

    Parameters
    ----------
    model : Module
    images : Tensor, or list of arrays
    run : callable, optional
        Runs the model as it was run; else it is called with the images alone.
    """
    if not all(np.isfinite(getattr(image, "_array", image)).all() for image in _parts(images)):
        return "the images contain NaN or infinity"
    for name, parameter in model.named_parameters():
        if not np.isfinite(parameter._array).all():
            return f"parameter {name} contains NaN or infinity: an earlier step was too large (learning rate?)"
    found = []

    def watch(name):
        def hook(module, args, output):
            for part in _parts(output):
                if isinstance(part, Tensor) and not found and not np.isfinite(part._array).all():
                    found.append(f"layer {name} ({type(module).__name__}) is the first whose output is not finite")

        return hook

    handles = [module.register_forward_hook(watch(name)) for name, module in model.named_modules() if name]
    try:
        with no_grad(), np.errstate(all="ignore"):
            model(images) if run is None else run()
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else "every layer's output is finite, so it is the loss function or its targets"


def _parts(value):
    """Yield what tuples, lists and dicts hold, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _parts(part)
    else:
        yield value
